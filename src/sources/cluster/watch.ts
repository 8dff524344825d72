import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../../state/resource.ts'
import type { Settings } from '../../state/settings.ts'
import type { Snapshot } from '../../state/snapshot.ts'
import type { StateSource } from '../source.ts'
import { type Collection, collectionsOf } from './collections.ts'
import { project } from './projection.ts'
import { DEFAULT_TIMING, type ReflectorHandler, type ReflectorTiming, runReflector } from './reflector.ts'
import { Store } from './store.ts'
import { type Health, SyncStatus } from './sync-status.ts'
import type { Transport } from './transport.ts'
import type { WatchError } from './watch-error.ts'

export interface ClusterOptions {
  readonly settings: Settings
  /** Called for an object that does not have the shape of its kind. */
  readonly onParseError: (message: string) => void
  readonly onHealthChange: (kind: Kind, health: Health, why: string) => void
  readonly timing?: ReflectorTiming
  /** A stale cache is used for this long before the kind is unreadable. */
  readonly graceMs?: number
}

const GRACE_MS = 10_000

/** Caches the state of a live cluster. Kinds whose cache is unusable are `unreadable` in the snapshot. */
export function watchCluster(transport: Transport, options: ClusterOptions): StateSource {
  const { settings, timing = DEFAULT_TIMING, graceMs = GRACE_MS } = options
  const store = new Store(settings)
  const statuses = new Map(collectionsOf(settings).map(one => [one, new SyncStatus()]))
  const stop = new AbortController()
  const running = [...statuses].map(([collection, status]) => {
    const handler = handlerFor(collection, status, store, options)
    return runReflector({ transport, collection, handler, signal: stop.signal, timing })
  })

  let last: { readonly stored: Snapshot; readonly state: Snapshot } | undefined
  return {
    current: () => {
      const stored = store.snapshot()
      const unreadable = toUnreadable(statuses, graceMs)
      if (last?.stored !== stored || !isDeepStrictEqual(last.state.unreadable, unreadable)) {
        last = { stored, state: stored.withUnreadable(unreadable) }
      }
      return last.state
    },
    health: () =>
      [...statuses].map(([collection, { health, why, stalenessMs, counters }]) => ({
        ...collection,
        health,
        why,
        objects: store.count(collection),
        stalenessMs,
        counters
      })),
    close: async () => {
      stop.abort()
      await Promise.all(running)
    }
  }
}

/** Writes objects to the store, and errors to the status. */
function handlerFor(
  collection: Collection,
  status: SyncStatus,
  store: Store,
  options: ClusterOptions
): ReflectorHandler {
  const read = (object: unknown) => project(object, message => ignoringErrors(() => options.onParseError(message)))
  const transition = (health: Health, why: string) => {
    if (status.transition(health, why)) ignoringErrors(() => options.onHealthChange(collection.kind, health, why))
  }
  return {
    transform: object => read(object).map(resource => store.reuse(resource)),
    replace: resources => {
      store.replace(collection, resources)
      status.countList()
    },
    upsert: (object, key) => {
      const [resource] = read(object)
      // The previous version is outdated, so an object that cannot be parsed is removed, as after a list.
      if (resource === undefined) store.delete(collection, key)
      else store.upsert(collection, resource)
    },
    delete: key => store.delete(collection, key),
    onSynced: () => status.markSynced(),
    onWatch: () => transition('synced', ''),
    onAbsent: why => {
      store.replace(collection, [])
      status.markSynced()
      transition('absent', why)
    },
    onError: error => {
      status.countError(error)
      transition(toHealth(error, status), error.message)
    }
  }
}

function toHealth({ reason }: WatchError, { wasSynced }: SyncStatus): Health {
  if (reason === '403') return 'forbidden'
  return wasSynced ? 'stale' : 'starting'
}

function toUnreadable(statuses: ReadonlyMap<Collection, SyncStatus>, graceMs: number): ReadonlyMap<Kind, string> {
  const unusable = [...statuses].filter(([, status]) => !status.isUsable(graceMs))
  return new Map(unusable.map(([{ kind }, { health, why }]) => [kind, `${health}: ${why}`]))
}

/** A callback that throws must not stop the reflector. */
function ignoringErrors(callback: () => void): void {
  try {
    callback()
  } catch {
    // The callbacks are the only way to report it.
  }
}
