import { KINDS, type Kind } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { type StateSource, ZERO_COUNTERS } from './source.ts'

/** Source of a fixed state. */
export function staticSource(state: Snapshot): StateSource {
  return {
    current: () => state,
    health: () =>
      (Object.keys(KINDS) as Kind[]).map(kind => ({
        kind,
        health: 'static',
        why: '',
        objects: state.list(kind).length,
        stalenessMs: 0,
        counters: ZERO_COUNTERS
      })),
    close: async () => {}
  }
}
