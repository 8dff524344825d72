import { z } from 'zod'

/** Optional field. Kubernetes treats `null` as absent; both become `undefined`. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform(value => value ?? undefined)
export const listOf = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema)
    .nullish()
    .transform(value => value ?? NO_ITEMS)
export const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform(value => value ?? NO_STRINGS)
/** One for all, because a rule of a policy has dozens of absent lists. */
const NO_ITEMS: never[] = []
const NO_STRINGS: Record<string, string> = {}
Object.freeze(NO_ITEMS)
Object.freeze(NO_STRINGS)
export const object = <T extends z.ZodRawShape>(shape: T) =>
  z
    .object(shape)
    .nullish()
    .transform(value => value ?? undefined)

/** Kubernetes LabelSelector. */
export const labelSelector = z.object({
  matchLabels: strings,
  matchExpressions: listOf(z.object({ key: z.string(), operator: z.string(), values: listOf(z.string()) }))
})

/** Istio's WorkloadSelector, which has only `matchLabels`. */
export const workloadSelector = object({ matchLabels: strings })

/** API resource of a kind, and the schema of its used fields. */
export interface KindInfo {
  readonly group: string
  /** Name of the kind in its group, if a kind of another group has the same name. */
  readonly kind?: string
  /** API version to list and watch: the oldest that is widely served. Other versions in manifests use the same schema. */
  readonly version: string
  /** Resource name in URLs. */
  readonly plural: string
  /** True for cluster-scoped kinds. */
  readonly cluster?: true
  /** True if only manifests have it: the guard has no permission to read it in a cluster. */
  readonly manifestsOnly?: true
  /** True if `shape` keeps all fields of a manifest, so that a fix can write the object back. */
  readonly lossless?: true
  readonly shape: z.ZodType
}
