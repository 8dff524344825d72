import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../../src/controller/clock.ts'

export interface TestClock extends Clock {
  /** Lets time go by, and those who sleep do what they do then. */
  readonly pass: (ms: number) => Promise<void>
  /** Sets the date, which nobody's sleep depends on. */
  readonly setDate: (ms: number) => void
}

interface Sleeper {
  readonly wakeMs: number
  readonly wake: () => void
}

/**
 * Time stands still until told otherwise. The date does not, so that certificates are good for real clients.
 *
 * @param settle waits until those who were woken sleep again
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

/** For those who wait for nothing but memory. */
async function ofMemory(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}

/** For those who make keys. */
export const ofKeys = () => setTimeout(30)
