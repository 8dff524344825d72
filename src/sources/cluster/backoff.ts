import { setTimeout as sleep } from 'node:timers/promises'

export interface Backoff {
  /** Backoff after the first failure; doubles with each further one. */
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
}

/** A longer Retry-After would leave the cache stale. */
const MAX_RETRY_AFTER_MS = 60_000

/** Waits with exponential backoff and jitter, and at least as long as Retry-After; ends early on abort. */
export async function backOff(
  failures: number,
  retryAfterMs: number,
  { minBackoffMs, maxBackoffMs }: Backoff,
  signal: AbortSignal
): Promise<void> {
  const backoffMs = Math.min(minBackoffMs * 2 ** Math.max(0, failures - 1), maxBackoffMs)
  const pauseMs = Math.max(backoffMs * (0.5 + Math.random() / 2), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
  await sleep(pauseMs, undefined, { signal }).catch(() => {})
}
