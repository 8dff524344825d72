import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../../src/controller/clock.ts'

export interface TestClock extends Clock {
  /** Advances the clock and wakes sleepers whose time has come. */
  readonly pass: (ms: number) => Promise<void>
  /** Sets the date; sleepers are not affected. */
  readonly setDate: (ms: number) => void
}

interface Sleeper {
  readonly untilMs: number
  readonly wake: () => void
}

/**
 * A clock that only `pass` advances. The date is real, so that certificates are valid for real clients.
 *
 * @param settle waits until woken sleepers sleep again
 */
export function testClock(settle: () => Promise<unknown> = ofMemory): TestClock {
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
          untilMs: nowMs + ms,
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
        const [next] = [...sleepers].sort((a, b) => a.untilMs - b.untilMs)
        if (next === undefined || next.untilMs > endMs) break
        nowMs = next.untilMs
        next.wake()
        await settle()
      }
      nowMs = endMs
    }
  }
}

/** Waits for work without I/O. */
async function ofMemory(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}

/** Waits for the generation of keys. */
export const ofKeys = () => setTimeout(30)
