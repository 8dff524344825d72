import type { KindHealth } from '../sources/source.ts'

const SYNCED_STATES: readonly KindHealth['health'][] = ['static', 'synced']

export const toSeconds = (ms: number) => Math.round(ms / 100) / 10

/** Cache state for log lines: the stalest kind, and the kinds that are not synced with their state. */
export interface CacheSummary {
  readonly stalest: string
  readonly stalenessSeconds: number | 'never synced'
  readonly notSynced: Readonly<Record<string, KindHealth['health']>>
}

export function summarizeCache(kinds: readonly KindHealth[]): CacheSummary {
  const stalest = kinds.reduce((one, other) => (other.stalenessMs > one.stalenessMs ? other : one))
  const notSynced = kinds.filter(({ health }) => !SYNCED_STATES.includes(health))
  return {
    stalest: stalest.kind,
    // JSON has no Infinity.
    stalenessSeconds: Number.isFinite(stalest.stalenessMs) ? toSeconds(stalest.stalenessMs) : 'never synced',
    notSynced: Object.fromEntries(notSynced.map(({ kind, health }) => [kind, health]))
  }
}
