import { setTimeout as sleep } from 'node:timers/promises'
import type { Resource } from '../../state/resource.ts'
import { toRefusal } from './api-status.ts'
import { isOlder } from './api-versions.ts'
import type { Collection } from './collections.ts'
import { toLines } from './line-stream.ts'
import { list } from './list.ts'
import type { Transport } from './transport.ts'
import { Trouble, toTrouble } from './watch-error.ts'
import { type Event, type Place, readEvent } from './watch-event.ts'

/** What one collection tells those who keep it. */
export interface Listener {
  /** Cuts an object down to what is kept of it, as soon as it arrives. */
  readonly read: (object: unknown) => readonly Resource[]
  /** All objects there are; what is not among them is gone. */
  readonly replace: (objects: readonly Resource[]) => void
  readonly put: (object: unknown, place: Place) => void
  readonly remove: (place: Place) => void
  /** The server has shown that it has nothing newer. */
  readonly proven: () => void
  /** A watch stands. */
  readonly watching: () => void
  /** The server has no such collection: it said so twice. */
  readonly absent: (why: string) => void
  readonly trouble: (trouble: Trouble) => void
}

export interface Timing {
  /** The first pause after a failure; it doubles with each further one. */
  readonly minPauseMs: number
  readonly maxPauseMs: number
  /** A list without a byte for so long is lost. */
  readonly listIdleMs: number
  /** A watch without a byte for so long is lost: the server sends bookmarks once a minute. */
  readonly idleMs: number
  /** How long a watch lasts before the server ends it. */
  readonly watchSeconds: number
  /** After so long all is listed anew, whatever the watch said: should it ever have missed something, it is found. */
  readonly relistMs: number
}

export const TIMING: Timing = {
  minPauseMs: 500,
  maxPauseMs: 5_000,
  listIdleMs: 30_000,
  idleMs: 120_000,
  watchSeconds: 300,
  relistMs: 3_600_000
}

/** A server may ask for patience, but not for so much that we go blind. */
const LONGEST_PATIENCE_MS = 60_000

/** One collection of the server, and who keeps it. */
export interface Feed {
  readonly transport: Transport
  readonly collection: Collection
  readonly listener: Listener
  /** Says when to stop. */
  readonly signal: AbortSignal
  readonly timing: Timing
}

interface Position {
  readonly path: string
  readonly listedMs: number
  version: string
}

/** Where we are in the history of a collection. */
interface Thread {
  /** Where a watch goes on; unknown when all must be listed. */
  at: Position | undefined
  /** The newest version that we have seen. */
  newest: string
  /** What contradicts all that we know is believed when it is said twice. */
  doubted: 'absent' | 'older' | undefined
}

/**
 * Keeps a collection: lists it, watches it from there, and begins anew when the thread is lost, until the signal says
 * to stop. Never throws: what goes wrong is told.
 */
export async function reflect(feed: Feed): Promise<void> {
  const { signal, timing } = feed
  const thread: Thread = { at: undefined, newest: '', doubted: undefined }
  let failures = 0
  while (!signal.aborted) {
    const startedMs = performance.now()
    let trouble: Trouble | undefined
    try {
      if (thread.at === undefined) {
        await relist(feed, thread)
        continue
      }
      await watch(feed, thread, thread.at)
    } catch (error) {
      if (signal.aborted) return
      trouble = toTrouble(error)
      tell(feed, thread, trouble)
    }
    thread.at = next(thread, trouble, timing)
    // However it ended: what is over so soon would make a hot loop.
    const isBrief = performance.now() - startedMs < timing.maxPauseMs
    failures = isBrief ? failures + 1 : 0
    if (isBrief || trouble !== undefined) await pause(failures, trouble, feed)
  }
}

/** Where to go on after a watch, or a failure. */
function next({ at }: Thread, trouble: Trouble | undefined, { relistMs }: Timing): Position | undefined {
  if (trouble !== undefined) return trouble.lost ? undefined : at
  return at !== undefined && performance.now() - at.listedMs < relistMs ? at : undefined
}

async function relist({ transport, collection, listener, signal, timing }: Feed, thread: Thread): Promise<void> {
  const options = { signal, idleMs: timing.listIdleMs }
  const { objects, path, version } = await list(transport, collection, options, listener.read)
  if (isOlder(version, thread.newest) && thread.doubted !== 'older') {
    thread.doubted = 'older'
    throw new Trouble('backwards', `the server lists version ${version}, after ${thread.newest}`, true)
  }
  listener.replace(objects)
  thread.doubted = undefined
  thread.newest = version
  thread.at = { path, version, listedMs: performance.now() }
  listener.proven()
  listener.watching()
}

/** One watch, to its end. The position goes on with each event, so that nothing is told twice after a failure. */
async function watch(feed: Feed, thread: Thread, at: Position): Promise<void> {
  const { transport, collection, listener, signal, timing } = feed
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: at.version,
    timeoutSeconds: String(timing.watchSeconds)
  })
  const answer = await transport.get(`${at.path}?${query}`, { signal, idleMs: timing.idleMs })
  if (answer.status !== 200) throw await toRefusal(at.path, answer)
  listener.watching()
  let hasSpoken = false
  try {
    for await (const line of toLines(answer.body)) {
      const event = readEvent(line, collection)
      if (isOlder(event.version, at.version)) {
        throw new Trouble('backwards', `the server tells of version ${event.version}, after ${at.version}`, true)
      }
      take(event, listener)
      at.version = event.version
      thread.newest = event.version
      hasSpoken = true
    }
  } catch (error) {
    if (hasSpoken || (error instanceof Trouble && error.lost)) throw error
    throw new Trouble('silent', `${at.path}: a watch without a word: ${error}`, true)
  }
  // A watch that says nothing proves nothing: a server that was set back would be silent until it catches up with us.
  if (!hasSpoken) throw new Trouble('silent', `${at.path}: a watch without a word`, true)
}

function take(event: Event, listener: Listener): void {
  if (event.type === 'changed') listener.put(event.object, event.place)
  else if (event.type === 'deleted') listener.remove(event.place)
  listener.proven()
}

function tell({ listener }: Feed, thread: Thread, trouble: Trouble): void {
  const isAbsent = thread.at === undefined && trouble.reason === '404'
  if (isAbsent && thread.doubted === 'absent') {
    thread.newest = ''
    listener.absent(trouble.message)
  } else listener.trouble(trouble)
  if (isAbsent) thread.doubted = 'absent'
}

/** Longer with each failure, never in step with others, and as long as the server asks. */
async function pause(failures: number, trouble: Trouble | undefined, { timing, signal }: Feed): Promise<void> {
  const grownMs = Math.min(timing.minPauseMs * 2 ** Math.max(0, failures - 1), timing.maxPauseMs)
  const askedMs = Math.min(trouble?.retryAfterMs ?? 0, LONGEST_PATIENCE_MS)
  await sleep(Math.max(grownMs * (0.5 + Math.random() / 2), askedMs), undefined, { signal }).catch(() => {})
}
