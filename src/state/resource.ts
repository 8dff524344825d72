import { z } from 'zod'
import { CORE } from './kinds/core.ts'
import { type KindInfo, listOf, optional } from './kinds/fields.ts'
import { KSERVE } from './kinds/kserve.ts'
import { annotations, labels } from './kinds/limits.ts'
import { NETWORKING } from './kinds/networking.ts'
import { SECURITY } from './kinds/security.ts'

/** What the model reads of each kind, and no more: an object is cut down to this when it arrives. */
export const KINDS = { ...KSERVE, ...NETWORKING, ...SECURITY, ...CORE } as const satisfies Record<string, KindInfo>

/** A kind that the model knows. Two API groups never share one here. */
export type Kind = keyof typeof KINDS

/** Of objects that name no namespace, and of kubeconfigs that name none. */
export const DEFAULT_NAMESPACE = 'default'

/** Identity and metadata, the same for each kind. `namespace` is empty for cluster-wide kinds. */
export interface Meta {
  readonly apiVersion: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** RFC 3339 in UTC; absent while the object is being created, which makes it the youngest. */
  readonly created: string | undefined
  /** True once deletion has begun. */
  readonly deleting: boolean
  /** The owner that is its controller. */
  readonly owner: { readonly apiVersion: string; readonly kind: string; readonly name: string } | undefined
}

export type ResourceOf<K extends Kind> = {
  [T in K]: Meta & { readonly kind: T } & z.output<(typeof KINDS)[T]['shape']>
}[K]
export type Resource = ResourceOf<Kind>

/** Kinds of which no field is lost when a manifest is read. */
export type WholeKind = {
  [K in Kind]: (typeof KINDS)[K] extends { readonly keptWhole: true } ? K : never
}[Kind]

/** What names an object: enough to find it, and what reports print. */
export interface Ref {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Metadata as Kubernetes writes it. */
export const metadata = z.object({
  name: optional(z.string()),
  generateName: optional(z.string()),
  namespace: optional(z.string()),
  labels,
  annotations,
  creationTimestamp: optional(z.string()),
  deletionTimestamp: optional(z.string()),
  ownerReferences: listOf(
    z.object({ apiVersion: z.string(), kind: z.string(), name: z.string(), controller: optional(z.boolean()) })
  )
})

/** @returns the kind, when the group is the one we mean: `Service` and `Gateway` exist in several. */
export function findKind(apiVersion: string, kind: string): Kind | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return Object.hasOwn(KINDS, kind) && KINDS[kind as Kind].group === group ? (kind as Kind) : undefined
}

/** `Kind namespace/name`, as people say it. */
export function nameOf({ kind, namespace, name }: Pick<Ref, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`
}

export function toRef({ apiVersion, kind, namespace, name }: Ref): Ref {
  return { apiVersion, kind, namespace, name }
}
