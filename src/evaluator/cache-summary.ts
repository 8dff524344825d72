import type { KindHealth } from '../sources/source.ts'

/** Evidence is as good as it can be. */
const SOUND = ['static', 'synced']

export const toSeconds = (ms: number) => Math.round(ms / 100) / 10

/** What a log line says of the evidence that a decision rests on: the oldest, and what is not as it should be. */
export function summarizeEvidence(kinds: readonly KindHealth[]): object {
  const oldest = kinds.reduce((one, other) => (other.stalenessMs > one.stalenessMs ? other : one))
  const unsound = kinds.filter(({ health }) => !SOUND.includes(health))
  return {
    oldest: oldest.kind,
    // JSON has no word for what never was.
    oldestSeconds: Number.isFinite(oldest.stalenessMs) ? toSeconds(oldest.stalenessMs) : 'never',
    unsound: Object.fromEntries(unsound.map(({ kind, health }) => [kind, health]))
  }
}
