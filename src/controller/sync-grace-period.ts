import type { Clock } from './clock.ts'

/** Period in which failed self-tests do not change `failurePolicy`. */
export interface GracePeriod {
  /** Polls the cache state until `signal` is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly isActive: () => boolean
}

/** Shorter than the time after which an unready replica is removed from the Service. */
const POLL_MS = 5_000
/** Longest time for the cache to sync again. */
const RESYNC_GRACE_MS = 120_000
/** Time until a ready replica is an endpoint again: kubelet, controllers and proxies update one after the other. */
const ENDPOINT_PROPAGATION_MS = 30_000

/**
 * Self-test failures are ignored while this replica's cache is not synced, as after a restart of the API server: it is
 * unready, so the Service has no endpoint. Failing open then would admit unevaluated changes.
 */
export function syncGracePeriod(isSynced: () => boolean, clock: Clock): GracePeriod {
  let wasSynced = isSynced()
  // A replica that starts with a synced cache has no grace period.
  let sinceMs = wasSynced ? Number.NEGATIVE_INFINITY : clock.now()
  const update = () => {
    if (isSynced() === wasSynced) return
    wasSynced = !wasSynced
    sinceMs = clock.now()
  }
  return {
    run: async signal => {
      while (!signal.aborted) {
        update()
        await clock.sleep(POLL_MS, signal)
      }
    },
    isActive: () => {
      update()
      return clock.now() < sinceMs + (wasSynced ? ENDPOINT_PROPAGATION_MS : RESYNC_GRACE_MS)
    }
  }
}
