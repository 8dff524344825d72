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

/** What was left out of an object comes as `undefined`, or empty. */
function withoutGaps<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_, one: unknown) => (isEmpty(one) ? undefined : one)))
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
