import type { Kind } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'

/** How good our knowledge of a kind is. A kind that is read in several places has several of these. */
export interface KindHealth {
  readonly kind: Kind
  readonly health: 'static' | 'starting' | 'synced' | 'absent' | 'forbidden' | 'stale'
  readonly why: string
  readonly objects: number
  /**
   * Milliseconds since the server last showed that we know what it has: by a list, an event or a bookmark, which comes
   * about once a minute. `Infinity` when it never did.
   */
  readonly ageMs: number
  readonly troubles: Troubles
}

/** What has gone wrong since the start. */
export interface Troubles {
  /** Lists after the first. */
  readonly relists: number
  /** Lines of a watch that were no events. */
  readonly malformed: number
  /** Failed lists and watches, by reason. */
  readonly errors: ReadonlyMap<string, number>
}

/** Whether the state of a kind is known as well as it will ever be: what is refused us will not come by waiting. */
export const isSynced = ({ health }: Pick<KindHealth, 'health'>) => health !== 'starting' && health !== 'stale'

export const NO_TROUBLES: Troubles = { relists: 0, malformed: 0, errors: new Map() }

/** Where the state comes from: files, or a cluster. */
export interface StateSource {
  /** The newest state, the same object until something changes. Taken once for each decision, so that no answer mixes two moments. */
  readonly current: () => Snapshot
  readonly health: () => readonly KindHealth[]
  readonly close: () => Promise<void>
}
