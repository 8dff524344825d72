import type { Clock } from './clock.ts'

/** Whether a self-test that fails has a reason that goes by. */
export interface Excuse {
  /** Looks again and again, until told to stop. */
  readonly keep: (signal: AbortSignal) => Promise<void>
  readonly holds: () => boolean
}

/** The Service leads elsewhere only when we were not ready for nearly as long. */
const LOOK_MS = 5_000
/** Nobody waits longer than that for us to know again. */
const KNOWN_AGAIN_MS = 120_000
/** So long it may take until the Service leads to us again: the kubelet, controllers and proxies hear of it one after the other. */
const FOUND_AGAIN_MS = 30_000

/**
 * While the state is not known, as after a restart of the API server, we say ourselves that we are not ready, and nobody
 * is led to us. To open for that would let in all that comes meanwhile.
 */
export function excuseOf(isKnown: () => boolean, clock: Clock): Excuse {
  let wasKnown = isKnown()
  // Who has known from the beginning has nothing to wait for.
  let sinceMs = wasKnown ? Number.NEGATIVE_INFINITY : clock.now()
  const look = () => {
    if (isKnown() === wasKnown) return
    wasKnown = !wasKnown
    sinceMs = clock.now()
  }
  return {
    keep: async signal => {
      while (!signal.aborted) {
        look()
        await clock.sleep(LOOK_MS, signal)
      }
    },
    holds: () => {
      look()
      return clock.now() < sinceMs + (wasKnown ? FOUND_AGAIN_MS : KNOWN_AGAIN_MS)
    }
  }
}
