import { setTimeout } from 'node:timers/promises'

/** Injectable time, for tests. */
export interface Clock {
  /** Milliseconds on a monotonic clock, for durations. */
  readonly now: () => number
  /** Milliseconds since 1970, for timestamps. */
  readonly date: () => number
  /** Resolves early, without an error, when `signal` is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  sleep: async (ms, signal) => {
    await setTimeout(ms, undefined, { signal }).catch(() => {})
  }
}
