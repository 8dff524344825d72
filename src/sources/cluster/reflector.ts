import type { Resource } from '../../state/resource.ts'
import { toApiStatusError } from './api-status.ts'
import { isOlder } from './api-versions.ts'
import { type Backoff, backOff } from './backoff.ts'
import { type Collection, toQuery } from './collections.ts'
import { toLines } from './line-stream.ts'
import { list } from './list.ts'
import type { Transport } from './transport.ts'
import { toWatchError, WatchError } from './watch-error.ts'
import { decodeEvent, type NamespacedName, type WatchEvent } from './watch-event.ts'

/** Receives the objects and the state of one collection. */
export interface ReflectorHandler {
  /** Reduces an object to the fields that are kept, as soon as it arrives; as client-go `TransformFunc`. */
  readonly transform: (object: unknown) => readonly Resource[]
  /** Receives all objects of the collection; any other object no longer exists. */
  readonly replace: (objects: readonly Resource[]) => void
  readonly upsert: (object: unknown, key: NamespacedName) => void
  readonly delete: (key: NamespacedName) => void
  /** Called on each list, event and bookmark: nothing newer exists. */
  readonly onSynced: () => void
  readonly onWatch: () => void
  /** Called when the API server does not serve the collection, confirmed by a second 404. */
  readonly onAbsent: (why: string) => void
  readonly onError: (error: WatchError) => void
}

export interface ReflectorTiming extends Backoff {
  /** Maximum time between two bytes of a list. */
  readonly listIdleTimeoutMs: number
  /** Maximum time between two bytes of a watch; the server sends a bookmark about once a minute. */
  readonly watchIdleTimeoutMs: number
  /** `timeoutSeconds` of a watch. */
  readonly watchTimeoutSeconds: number
  /** Maximum age of a list; the relist corrects an event that was missed. */
  readonly relistIntervalMs: number
}

export const DEFAULT_TIMING: ReflectorTiming = {
  minBackoffMs: 500,
  maxBackoffMs: 5_000,
  listIdleTimeoutMs: 30_000,
  watchIdleTimeoutMs: 120_000,
  watchTimeoutSeconds: 300,
  relistIntervalMs: 3_600_000
}

export interface ReflectorOptions {
  readonly transport: Transport
  readonly collection: Collection
  readonly handler: ReflectorHandler
  /** Stops the reflector. */
  readonly signal: AbortSignal
  readonly timing: ReflectorTiming
}

interface Position {
  readonly path: string
  readonly listedMs: number
  version: string
}

/** Resume position (resourceVersion) of the watch. */
interface ResumeState {
  /** Where the watch resumes; undefined if a relist is required. */
  position: Position | undefined
  /** The newest resourceVersion seen. */
  newestVersion: string
  /** A 404 or an older resourceVersion must be seen twice before it is accepted. */
  pendingConfirmation: 'absent' | 'older' | undefined
}

/**
 * Lists and watches a collection until the signal aborts. Never throws; errors go to the handler.
 *
 * @see client-go `tools/cache/reflector.go`
 */
export async function runReflector(options: ReflectorOptions): Promise<void> {
  const { signal, timing } = options
  const resume: ResumeState = { position: undefined, newestVersion: '', pendingConfirmation: undefined }
  let failures = 0
  while (!signal.aborted) {
    const startedMs = performance.now()
    let watchError: WatchError | undefined
    try {
      if (resume.position === undefined) {
        await relist(options, resume)
        continue
      }
      await watch(options, resume, resume.position)
    } catch (error) {
      if (signal.aborted) return
      watchError = toWatchError(error)
      reportError(options, resume, watchError)
    }
    resume.position = nextPosition(resume, watchError, timing)
    // Watches that end early, even without an error, would make a hot loop.
    const isBrief = performance.now() - startedMs < timing.maxBackoffMs
    failures = isBrief ? failures + 1 : 0
    if (isBrief || watchError !== undefined) await backOff(failures, watchError?.retryAfterMs ?? 0, timing, signal)
  }
}

/** Where to resume after a watch or an error; undefined if a relist is required. */
function nextPosition(
  { position }: ResumeState,
  error: WatchError | undefined,
  { relistIntervalMs }: ReflectorTiming
): Position | undefined {
  if (error !== undefined) return error.requiresRelist ? undefined : position
  return position !== undefined && performance.now() - position.listedMs < relistIntervalMs ? position : undefined
}

async function relist(
  { transport, collection, handler, signal, timing }: ReflectorOptions,
  resume: ResumeState
): Promise<void> {
  const options = { signal, idleTimeoutMs: timing.listIdleTimeoutMs }
  const { objects, path, version } = await list(transport, collection, options, handler.transform)
  if (isOlder(version, resume.newestVersion) && resume.pendingConfirmation !== 'older') {
    resume.pendingConfirmation = 'older'
    throw new WatchError(
      'version-regressed',
      `list: resourceVersion ${version} is older than ${resume.newestVersion}`,
      true
    )
  }
  handler.replace(objects)
  resume.pendingConfirmation = undefined
  resume.newestVersion = version
  resume.position = { path, version, listedMs: performance.now() }
  handler.onSynced()
  handler.onWatch()
}

/** Runs one watch to its end. The position advances with each event, so that a resumed watch repeats none. */
async function watch(options: ReflectorOptions, resume: ResumeState, position: Position): Promise<void> {
  const { transport, collection, handler, signal, timing } = options
  const query = new URLSearchParams({
    ...toQuery(collection),
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: position.version,
    timeoutSeconds: String(timing.watchTimeoutSeconds)
  })
  const response = await transport.get(`${position.path}?${query}`, {
    signal,
    idleTimeoutMs: timing.watchIdleTimeoutMs
  })
  if (response.status !== 200) throw await toApiStatusError(position.path, response)
  handler.onWatch()
  let hasEvents = false
  try {
    for await (const line of toLines(response.body)) {
      const event = decodeEvent(line, collection)
      if (isOlder(event.version, position.version)) {
        throw new WatchError(
          'version-regressed',
          `watch: resourceVersion ${event.version} is older than ${position.version}`,
          true
        )
      }
      applyEvent(event, handler)
      position.version = event.version
      resume.newestVersion = event.version
      hasEvents = true
    }
  } catch (error) {
    if (hasEvents || (error instanceof WatchError && error.requiresRelist)) throw error
    throw new WatchError('idle-timeout', `${position.path}: watch ended without an event: ${error}`, true)
  }
  // A server restored from a backup sends no events until it passes our resourceVersion, so silence proves nothing.
  if (!hasEvents) throw new WatchError('idle-timeout', `${position.path}: watch ended without an event`, true)
}

function applyEvent(event: WatchEvent, handler: ReflectorHandler): void {
  if (event.type === 'changed') handler.upsert(event.object, event.key)
  else if (event.type === 'deleted') handler.delete(event.key)
  handler.onSynced()
}

function reportError({ handler }: ReflectorOptions, resume: ResumeState, error: WatchError): void {
  const isAbsent = resume.position === undefined && error.reason === '404'
  if (isAbsent && resume.pendingConfirmation === 'absent') {
    resume.newestVersion = ''
    handler.onAbsent(error.message)
  } else handler.onError(error)
  if (isAbsent) resume.pendingConfirmation = 'absent'
}
