import { z } from 'zod'

/** Absent and `null` are the same to Kubernetes; both become `undefined`. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform(value => value ?? undefined)
export const listOf = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema)
    .nullish()
    .transform(value => value ?? [])
export const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform(value => value ?? {})
export const object = <T extends z.ZodRawShape>(shape: T) =>
  z
    .object(shape)
    .nullish()
    .transform(value => value ?? undefined)

/** Kubernetes' own selector of labels. */
export const labelSelector = z.object({
  matchLabels: strings,
  matchExpressions: listOf(z.object({ key: z.string(), operator: z.string(), values: listOf(z.string()) }))
})

/** Istio's own selectors have `matchLabels` only. */
export const workloadSelector = object({ matchLabels: strings })

/** A kind as the API server names it, and what is read of it. */
export interface KindInfo {
  readonly group: string
  /** The version to read, the oldest that is still served widely; objects of other versions are read alike. */
  readonly version: string
  /** The resource's name in URLs. */
  readonly plural: string
  /** True when objects of the kind have no namespace. */
  readonly cluster?: true
  /** True if `shape` loses no field of a manifest, so that a fix can write the object back. */
  readonly keptWhole?: true
  readonly shape: z.ZodType
}
