import type { Kind } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'

/** Cache state of a kind. A kind that is read by name has one for each name. */
export interface KindHealth {
  readonly kind: Kind
  readonly name?: string | undefined
  readonly health: 'static' | 'starting' | 'synced' | 'absent' | 'forbidden' | 'stale'
  readonly why: string
  readonly objects: number
  /**
   * Milliseconds since the cache was last known to match the API server: by a list, an event or a bookmark, which is sent
   * about once a minute. `Infinity` before the first list.
   */
  readonly stalenessMs: number
  readonly counters: WatchCounters
}

/** Counters since the start. */
export interface WatchCounters {
  /** Lists after the initial one. */
  readonly relists: number
  /** Lines of a watch that could not be decoded as an event. */
  readonly malformed: number
  /** Failed lists and watches, by reason. */
  readonly errors: ReadonlyMap<string, number>
}

/** True if waiting cannot improve the cache; includes forbidden kinds, which never sync. */
export const isSynced = ({ health }: Pick<KindHealth, 'health'>) => health !== 'starting' && health !== 'stale'

export const ZERO_COUNTERS: WatchCounters = { relists: 0, malformed: 0, errors: new Map() }

/** Source of the cluster state: manifests, or the cache of a live cluster. */
export interface StateSource {
  /** The newest state; the same object until it changes. Called once per decision, so that each uses one consistent state. */
  readonly current: () => Snapshot
  readonly health: () => readonly KindHealth[]
  readonly close: () => Promise<void>
}
