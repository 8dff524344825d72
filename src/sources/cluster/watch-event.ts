import { z } from 'zod'
import { findKind, KINDS } from '../../state/resource.ts'
import type { Collection } from './collections.ts'
import { parseJson } from './json.ts'
import { Trouble } from './watch-error.ts'

/** What a line of a watch says. */
export type Event =
  | { readonly type: 'changed'; readonly version: string; readonly object: unknown; readonly place: Place }
  | { readonly type: 'deleted'; readonly version: string; readonly place: Place }
  | { readonly type: 'bookmark'; readonly version: string }

/** What names an object of a collection. */
export interface Place {
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
 * Reads a line of a watch.
 *
 * @throws {Trouble} when it is an error, or nothing that we can follow
 */
export function readEvent(text: string, { kind }: Collection): Event {
  const { data } = line.safeParse(parseJson(text))
  if (data === undefined)
    throw new Trouble('malformed', `the server sent a line of ${text.length} characters that is no event`, true)
  const { type, object } = data
  if (type === 'ERROR') {
    const { code, message = 'without a word' } = object
    throw new Trouble(code === GONE ? 'expired' : 'ended', `the server ended the watch: ${code} ${message}`, true)
  }
  if (type === 'BOOKMARK') return { type: 'bookmark', version: object.metadata.resourceVersion }
  if (findKind(object.apiVersion, object.kind) !== kind) {
    throw new Trouble('malformed', `the server sent a ${object.kind} of ${object.apiVersion}`, true)
  }
  const { name, namespace = 'default', resourceVersion: version } = object.metadata
  const place = { name, namespace: 'cluster' in KINDS[kind] ? '' : namespace }
  return type === 'DELETED' ? { type: 'deleted', version, place } : { type: 'changed', version, object, place }
}
