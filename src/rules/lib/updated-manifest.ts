import { apiNameOf, LAST_APPLIED, type LosslessKind, type ResourceOf } from '../../state/resource.ts'
import type { Manifest } from './rule.ts'

/** The complete object with changed labels or fields. Restricted to kinds that lose no field when they are read. */
export function updatedManifest(
  object: ResourceOf<LosslessKind>,
  change: { readonly labels?: object; readonly [body: string]: unknown }
): Manifest {
  const { apiVersion, kind, name, namespace } = object
  const { labels = object.labels, ...body } = change
  const { [LAST_APPLIED]: _, ...annotations } = object.annotations
  return withoutEmptyFields({
    apiVersion,
    kind: apiNameOf(kind),
    metadata: { name, ...(namespace === '' ? {} : { namespace }), labels, annotations },
    ...body
  })
}

/** Maps that parsing adds to objects without them. */
const DEFAULTED_FIELDS = ['labels', 'annotations', 'matchLabels', 'portLevelMtls', 'data']

/** Removes what parsing adds for omitted fields, `undefined`, empty lists and empty maps, and what it ignores, `null`. */
export function withoutEmptyFields<T extends object>(value: T): T {
  // Each value keeps its type but for fields that the type has as optional.
  return copied(value) as T
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key, one]) => !isEmpty(key, one))
  return Object.fromEntries(entries.map(([key, one]) => [key, copied(one)]))
}

function isEmpty(key: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value !== 'object' || value === null) return value === undefined || value === null
  return DEFAULTED_FIELDS.includes(key) && Object.values(value).every(one => one === undefined)
}
