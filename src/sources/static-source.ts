import { KINDS, type Kind } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { NO_TROUBLES, type StateSource } from './source.ts'

/** A state that never changes. */
export function staticSource(state: Snapshot): StateSource {
  return {
    current: () => state,
    health: () =>
      (Object.keys(KINDS) as Kind[]).map(kind => ({
        kind,
        health: 'static',
        why: '',
        objects: state.list(kind).length,
        ageMs: 0,
        troubles: NO_TROUBLES
      })),
    close: async () => {}
  }
}
