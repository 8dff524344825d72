import type { ResourceOf } from '../state/resource.ts'

export type AuthorizationPolicy = ResourceOf<'AuthorizationPolicy'>
export type Rule = NonNullable<AuthorizationPolicy['spec']['rules'][number]>
export type Source = NonNullable<Rule['from'][number]['source']>
export type Operation = NonNullable<Rule['to'][number]['operation']>
