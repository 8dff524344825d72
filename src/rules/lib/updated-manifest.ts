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

function copied(value: object): object {
  if (Array.isArray(value)) return value.map(one => (isObject(one) ? copied(one) : one))
  // A spread is several times faster than a copy of the fields that remain, and keeps a key `__proto__` as a field.
  const copy: Record<string, unknown> = { ...value }
  for (const key in copy) {
    const one = copy[key]
    if (isEmpty(key, one)) delete copy[key]
    else if (isObject(one)) copy[key] = copied(one)
  }
  return copy
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function isEmpty(key: string, value: unknown): boolean {
  if (!isObject(value)) return value === undefined || value === null
  if (Array.isArray(value)) return value.length === 0
  return DEFAULTED_FIELDS.includes(key) && Object.values(value).every(one => one === undefined)
}
