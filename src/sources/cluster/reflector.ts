import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { parseJson } from './json.ts'
import { toLines, toText } from './lines.ts'
import { list, ServerError } from './list.ts'
import type { Transport } from './transport.ts'

/** `absent`: the server has no such kind. `stale`: what we know may be out of date. */
export type Health = 'starting' | 'synced' | 'absent' | 'forbidden' | 'stale'

/** What one collection tells those who keep it. */
export interface Listener {
  /** All objects there are; what is not among them is gone. */
  readonly replace: (objects: readonly unknown[]) => void
  readonly put: (object: unknown) => void
  readonly remove: (object: unknown) => void
  readonly health: (health: Health, why: string) => void
}

export interface Timing {
  /** The first pause after a failure; it doubles with each further one. */
  readonly minPauseMs: number
  readonly maxPauseMs: number
  /** A watch without a byte for so long is lost: the server sends bookmarks once a minute. */
  readonly idleMs: number
  /** How long a watch lasts before the server ends it. */
  readonly watchSeconds: number
}

export const TIMING: Timing = { minPauseMs: 500, maxPauseMs: 30_000, idleMs: 120_000, watchSeconds: 300 }

const event = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.looseObject({
    code: z.number().optional(),
    message: z.string().optional(),
    metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional()
  })
})

/** The server no longer has the versions between ours and now, or said what we cannot follow: list again. */
class Lost extends Error {
  override readonly name = 'Lost'
}

/** One collection of the server, and who keeps it. */
export interface Feed {
  readonly transport: Transport
  readonly path: string
  readonly listener: Listener
  /** Says when to stop. */
  readonly signal: AbortSignal
  readonly timing: Timing
}

/**
 * Keeps a collection: lists it, watches it from there, and begins anew when the thread is lost, until the signal says
 * to stop. Never throws: what goes wrong is told by `health`.
 */
export async function reflect(feed: Feed): Promise<void> {
  const { transport, path, listener, signal } = feed
  let failures = 0
  while (!signal.aborted) {
    try {
      const { objects, resourceVersion } = await list(transport, path, signal)
      listener.replace(objects)
      listener.health('synced', '')
      failures = 0
      await follow(feed, resourceVersion)
    } catch (error) {
      if (signal.aborted) return
      listener.health(...toHealth(error))
      await pause(failures++, error, feed)
    }
  }
}

/** Watches from a version on, again and again. Ends when stopped; throws when a new list is needed. */
async function follow(feed: Feed, from: string): Promise<void> {
  const { listener, signal } = feed
  const position = { version: from }
  let failures = 0
  while (!signal.aborted) {
    const { version } = position
    try {
      await watch(feed, position)
      // A watch that ends without a word is a failure as well: else a server that closes at once makes a hot loop.
      failures = position.version === version ? failures + 1 : 0
      if (failures > 0) await pause(failures - 1, undefined, feed)
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Lost) throw error
      listener.health(...toHealth(error))
      await pause(failures++, error, feed)
    }
  }
}

/** One watch, to its end. The position goes on with each event, so that nothing is told twice after a failure. */
async function watch(
  { transport, path, listener, signal, timing }: Feed,
  position: { version: string }
): Promise<void> {
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: position.version,
    timeoutSeconds: String(timing.watchSeconds)
  })
  const answer = await transport.get(`${path}?${query}`, { signal, idleMs: timing.idleMs })
  if (answer.status === 410) throw new Lost('the server no longer has our version')
  if (answer.status !== 200) {
    throw new ServerError(answer.status, `${path}: ${answer.status} ${await toText(answer.body)}`, answer.retryAfterMs)
  }
  listener.health('synced', '')
  for await (const line of toLines(answer.body)) position.version = take(line, position.version, listener)
}

/** @returns the version that the collection has now */
function take(line: string, version: string, listener: Listener): string {
  const { data } = event.safeParse(parseJson(line))
  if (data === undefined) throw new Lost('the server sent what is no event')
  const { type, object } = data
  if (type === 'ERROR') throw new Lost(object.message ?? 'the server ended the watch with an error')
  if (type === 'DELETED') listener.remove(object)
  else if (type !== 'BOOKMARK') listener.put(object)
  return object.metadata?.resourceVersion ?? version
}

function toHealth(error: unknown): readonly [Health, string] {
  const why = String(error)
  if (error instanceof ServerError && error.status === 404) return ['absent', why]
  return error instanceof ServerError && error.status === 403 ? ['forbidden', why] : ['stale', why]
}

/** Longer with each failure, never in step with others, and as long as the server asks. */
async function pause(failures: number, error: unknown, { timing, signal }: Feed): Promise<void> {
  const grown = Math.min(timing.minPauseMs * 2 ** failures, timing.maxPauseMs)
  const asked = error instanceof ServerError ? (error.retryAfterMs ?? 0) : 0
  await sleep(Math.max(grown * (0.5 + Math.random() / 2), asked), undefined, { signal }).catch(() => {})
}
