import { setTimeout } from 'node:timers/promises'

/** Time, so that tests can have their own. */
export interface Clock {
  /** Milliseconds on a clock that never jumps, for how long something lasts. */
  readonly now: () => number
  /** Milliseconds since 1970, for what is written down. */
  readonly date: () => number
  /** Comes back early, and without a word, when the signal says so. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  sleep: async (ms, signal) => {
    await setTimeout(ms, undefined, { signal }).catch(() => {})
  }
}
