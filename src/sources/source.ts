import type { Kind } from '../model/resource.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** How good our knowledge of a kind is. */
export interface KindHealth {
  readonly kind: Kind
  readonly health: 'static' | 'starting' | 'synced' | 'absent' | 'forbidden' | 'stale'
  readonly why: string
  readonly objects: number
}

/** Where the state comes from: files, or a cluster. */
export interface StateSource {
  /** The newest state. Taken once for each decision, so that no answer mixes two moments. */
  readonly current: () => Snapshot
  readonly health: () => readonly KindHealth[]
  readonly close: () => Promise<void>
}
