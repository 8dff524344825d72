import { z } from 'zod'
import { findKind, KINDS } from '../../state/resource.ts'
import type { Collection } from './collections.ts'
import { parseJson } from './json.ts'
import { WatchError } from './watch-error.ts'

/** One event of a watch; `version` is its resourceVersion. */
export type WatchEvent =
  | { readonly type: 'changed'; readonly version: string; readonly object: unknown; readonly key: NamespacedName }
  | { readonly type: 'deleted'; readonly version: string; readonly key: NamespacedName }
  | { readonly type: 'bookmark'; readonly version: string }

/** Identifies an object within its kind; the namespace of a cluster-scoped object is empty. */
export interface NamespacedName {
  readonly namespace: string
  readonly name: string
}

const line = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['ADDED', 'MODIFIED', 'DELETED']),
    object: z.looseObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.looseObject({ name: z.string(), namespace: z.string().optional(), resourceVersion: z.string() })
    })
  }),
  z.object({
    type: z.literal('BOOKMARK'),
    object: z.object({ metadata: z.object({ resourceVersion: z.string() }) })
  }),
  z.object({
    type: z.literal('ERROR'),
    object: z.object({ code: z.number().optional(), message: z.string().optional() })
  })
])

const GONE = 410

/**
 * Decodes one line of a watch.
 *
 * @throws {WatchError} for an ERROR event, another kind, or anything that is not an event
 */
export function decodeEvent(text: string, { kind }: Collection): WatchEvent {
  const { data } = line.safeParse(parseJson(text))
  if (data === undefined)
    throw new WatchError('malformed', `watch: a line of ${text.length} characters is not an event`, true)
  const { type, object } = data
  if (type === 'ERROR') {
    const { code = 'no status', message = 'no message' } = object
    throw new WatchError(code === GONE ? 'expired' : 'ended', `watch: ended by the server: ${code}: ${message}`, true)
  }
  if (type === 'BOOKMARK') return { type: 'bookmark', version: object.metadata.resourceVersion }
  if (findKind(object.apiVersion, object.kind) !== kind) {
    throw new WatchError('malformed', `watch: unexpected ${object.kind} of ${object.apiVersion}`, true)
  }
  const { name, namespace = 'default', resourceVersion: version } = object.metadata
  const key = { name, namespace: 'cluster' in KINDS[kind] ? '' : namespace }
  return type === 'DELETED' ? { type: 'deleted', version, key } : { type: 'changed', version, object, key }
}
