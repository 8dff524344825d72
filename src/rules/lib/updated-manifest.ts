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
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) => {
      const mayGo = Array.isArray(one) || DEFAULTED_FIELDS.includes(key)
      return one === null || (mayGo && ['[]', '{}'].includes(JSON.stringify(one))) ? undefined : one
    })
  )
}
