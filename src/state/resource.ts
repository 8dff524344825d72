import { z } from 'zod'
import { CORE } from './kinds/core.ts'
import { type KindInfo, listOf, optional } from './kinds/fields.ts'
import { KSERVE } from './kinds/kserve.ts'
import { annotations, labels } from './kinds/limits.ts'
import { NETWORKING } from './kinds/networking.ts'
import { ROUTES } from './kinds/routes.ts'
import { SECURITY } from './kinds/security.ts'
import { TRAFFIC } from './kinds/traffic.ts'

/** Schemas of the fields that are read of each kind. All other fields are dropped when an object is parsed. */
export const KINDS = {
  ...KSERVE,
  ...NETWORKING,
  ...SECURITY,
  ...TRAFFIC,
  ...ROUTES,
  ...CORE
} as const satisfies Record<string, KindInfo>

/** Supported kinds; their names are unique across API groups. */
export type Kind = keyof typeof KINDS

/** Kinds that the guard reads in a cluster. */
export const CLUSTER_KINDS = (Object.entries(KINDS) as [Kind, KindInfo][])
  .filter(([, { manifestsOnly }]) => manifestsOnly !== true)
  .map(([kind]) => kind)

/** Namespace of manifests and kubeconfig contexts that set none. */
export const DEFAULT_NAMESPACE = 'default'

/** Identity and metadata of an object. `namespace` is empty for cluster-scoped kinds. */
export interface Meta {
  readonly apiVersion: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** creationTimestamp, RFC 3339 in UTC; absent while the object is being created, so it sorts as the newest. */
  readonly created: string | undefined
  /** True once deletion has begun. */
  readonly deleting: boolean
  /** Owner reference of the controller. */
  readonly owner: { readonly apiVersion: string; readonly kind: string; readonly name: string } | undefined
}

export type ResourceOf<K extends Kind> = {
  [T in K]: Meta & { readonly kind: T } & z.output<(typeof KINDS)[T]['shape']>
}[K]
export type Resource = ResourceOf<Kind>

/** Kinds that are parsed without loss of fields. */
export type LosslessKind = {
  [K in Kind]: (typeof KINDS)[K] extends { readonly lossless: true } ? K : never
}[Kind]

/** Reference to an object. */
export interface Ref {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** Schema of ObjectMeta. */
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

/** Name of a kind in its API group. */
export function apiNameOf(kind: Kind): string {
  const info: KindInfo = KINDS[kind]
  return info.kind ?? kind
}

const BY_API_NAME: ReadonlyMap<string, Kind> = new Map(
  (Object.keys(KINDS) as Kind[]).map(kind => [`${KINDS[kind].group} ${apiNameOf(kind)}`, kind])
)

/** @returns the kind if its API group is a supported one: `Service` and `Gateway` exist in several groups */
export function findKind(apiVersion: string, kind: string): Kind | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return BY_API_NAME.get(`${group} ${kind}`)
}

/** `Kind namespace/name`, for messages. */
export function nameOf({ kind, namespace, name }: Pick<Ref, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`
}

/** Namespace that an object belongs to, a Namespace to itself; empty for other cluster-scoped objects. */
export function namespaceOf({ kind, namespace, name }: Pick<Ref, 'kind' | 'namespace' | 'name'>): string {
  return kind === 'Namespace' ? name : namespace
}

export function toRef({ apiVersion, kind, namespace, name }: Ref): Ref {
  return { apiVersion, kind, namespace, name }
}

/** Annotation of `kubectl apply`: a copy of the object. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
