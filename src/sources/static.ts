import { KINDS, type Kind } from '../model/resource.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { StateSource } from './source.ts'

/** A state that never changes. */
export function staticSource(state: Snapshot): StateSource {
  return {
    current: () => state,
    health: () =>
      (Object.keys(KINDS) as Kind[]).map(kind => ({
        kind,
        health: 'static',
        why: '',
        objects: state.list(kind).length
      })),
    close: async () => {}
  }
}
