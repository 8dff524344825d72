import type { Resource } from '../model/resource.ts'
import type { Manifest } from './rule.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** An object written out whole, with other labels or another body, and all else as it is. */
export function rewrite(
  object: Resource,
  change: { readonly labels?: object; readonly [body: string]: unknown }
): Manifest {
  const { apiVersion, kind, name, namespace } = object
  const { labels = object.labels, ...body } = change
  const { [LAST_APPLIED]: _, ...annotations } = object.annotations
  return withoutGaps({
    apiVersion,
    kind,
    metadata: { name, ...(namespace === '' ? {} : { namespace }), labels, annotations },
    ...body
  })
}

/** Maps that the model has where an object has none. */
const MADE_UP = ['labels', 'annotations', 'matchLabels', 'portLevelMtls', 'data']

/** What was left out of an object comes as `undefined`, an empty list or an empty map. */
function withoutGaps<T extends object>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) => {
      const mayGo = Array.isArray(one) || MADE_UP.includes(key)
      return mayGo && ['[]', '{}'].includes(JSON.stringify(one)) ? undefined : one
    })
  )
}
