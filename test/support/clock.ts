import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../../src/controller/clock.ts'

export interface TestClock extends Clock {
  /** Advances the clock and wakes sleepers in order. */
  readonly pass: (ms: number) => Promise<void>
  /** Sets the wall clock, which sleeps do not depend on. */
  readonly setDate: (ms: number) => void
}

interface Sleeper {
  readonly wakeMs: number
  readonly wake: () => void
}

/**
 * Fake monotonic clock. The wall clock advances, so that certificates are valid for real clients.
 *
 * @param settle waits until woken tasks sleep again
 */
export function testClock(settle: () => Promise<unknown> = settleMicrotasks): TestClock {
  const sleepers = new Set<Sleeper>()
  let nowMs = 0
  let ahead = 0
  return {
    now: () => nowMs,
    date: () => Date.now() + ahead,
    setDate: ms => {
      ahead = ms - Date.now()
    },
    sleep: (ms, signal) =>
      new Promise(resolve => {
        const sleeper = {
          wakeMs: nowMs + ms,
          wake: () => {
            sleepers.delete(sleeper)
            resolve()
          }
        }
        sleepers.add(sleeper)
        if (signal?.aborted) sleeper.wake()
        signal?.addEventListener('abort', sleeper.wake, { once: true })
      }),
    pass: async ms => {
      const endMs = nowMs + ms
      await settle()
      for (;;) {
        const [next] = [...sleepers].sort((a, b) => a.wakeMs - b.wakeMs)
        if (next === undefined || next.wakeMs > endMs) break
        nowMs = next.wakeMs
        next.wake()
        await settle()
      }
      nowMs = endMs
    }
  }
}

/** For tasks without I/O. */
async function settleMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}

/** For tasks that generate keys. */
export const ofKeys = () => setTimeout(30)
