import type { Logger } from 'pino'
import { z } from 'zod'
import type { ApiClient } from './api.ts'
import type { Clock } from './clock.ts'
import { logOnChange } from './log-on-change.ts'

const lease = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      leaseTransitions: z.number().nullish()
    })
    .nullish()
    .transform(spec => spec ?? {})
})
export type Lease = z.output<typeof lease>

/** @see client-go tools/leaderelection LeaderElectionConfig for the three durations */
const LEASE_DURATION_MS = 15_000
const RENEW_DEADLINE_MS = 10_000
const RETRY_PERIOD_MS = 5_000
/** A retry period and two requests fit into the renew deadline. */
export const LEASE_REQUEST_MS = 2_500

/**
 * Version of the Lease, and when this replica first observed it, on its own monotonic clock. Timestamps in the Lease are
 * ignored because clocks of replicas differ.
 */
export interface ObservedLease {
  readonly version: string
  readonly sinceMs: number
}

export function observeLease(before: ObservedLease | undefined, { metadata }: Lease, nowMs: number): ObservedLease {
  const version = metadata.resourceVersion
  return before?.version === version ? before : { version, sinceMs: nowMs }
}

/** True if `identity` holds the Lease, or it has no holder, or it has expired. */
export function canAcquire({ spec }: Lease, { sinceMs }: ObservedLease, identity: string, nowMs: number): boolean {
  const { holderIdentity, leaseDurationSeconds } = spec
  if (!holderIdentity || holderIdentity === identity) return true
  return nowMs >= sinceMs + (leaseDurationSeconds ?? 0) * 1000
}

export interface LeaderElectionOptions {
  readonly api: ApiClient
  readonly path: string
  /** Unique per process. */
  readonly identity: string
  readonly log: Logger
  /** On abort, leadership ends and the Lease is released. */
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Runs `task` whenever this replica is the leader, until `signal` is aborted. The signal passed to `task` is also aborted
 * when the Lease is lost. The Lease is released when the task returns.
 */
export async function runWhileLeader(
  options: LeaderElectionOptions,
  task: (signal: AbortSignal) => Promise<void>
): Promise<void> {
  const { log, signal, clock } = options
  const lock = leaseLock(options)
  const attempt = logOnChange(log, 'acquiring the Lease failed')
  while (!signal.aborted) {
    const startedMs = clock.now()
    if (await attempt(lock.tryAcquireOrRenew)) await runAsLeader({ lock, startedMs }, options, task)
    await sleepWithJitter(clock, signal)
  }
}

interface LeaseLock {
  /** @returns false if another replica holds the Lease */
  readonly tryAcquireOrRenew: () => Promise<boolean>
  readonly release: () => Promise<void>
}

function leaseLock({ api, path, identity, clock }: LeaderElectionOptions): LeaseLock {
  let observed: ObservedLease | undefined
  return {
    tryAcquireOrRenew: async () => {
      const found = lease.parse(await api.get(path))
      const { metadata, spec } = found
      observed = observeLease(observed, found, clock.now())
      if (!canAcquire(found, observed, identity, clock.now())) return false
      const time = toMicroTime(new Date(clock.date()))
      const isHolder = spec.holderIdentity === identity
      const acquired = isHolder ? {} : { acquireTime: time, leaseTransitions: (spec.leaseTransitions ?? 0) + 1 }
      const record = { holderIdentity: identity, leaseDurationSeconds: LEASE_DURATION_MS / 1000, renewTime: time }
      await api.mergePatch(path, { metadata, spec: { ...record, ...acquired } })
      return true
    },
    release: async () => {
      const { metadata, spec } = lease.parse(await api.get(path))
      if (spec.holderIdentity === identity) await api.mergePatch(path, { metadata, spec: { holderIdentity: null } })
    }
  }
}

interface Leadership {
  readonly lock: LeaseLock
  readonly startedMs: number
}

/** Renews the Lease while the task runs. */
async function runAsLeader(
  leadership: Leadership,
  { log, signal, clock }: LeaderElectionOptions,
  task: (signal: AbortSignal) => Promise<void>
): Promise<void> {
  const lost = new AbortController()
  const running = task(AbortSignal.any([signal, lost.signal]))
    .catch(error => log.error({ err: error }, 'leader task failed'))
    .finally(() => lost.abort())
  log.info('became leader')
  const isLeader = await renewLoop(leadership, AbortSignal.any([signal, lost.signal]), clock)
  log.info(isLeader ? 'stopped leading' : 'lost the Lease')
  lost.abort()
  await running
  if (isLeader) await logOnChange(log, 'releasing the Lease failed')(leadership.lock.release)
}

/** @returns false if the Lease was lost, true if `signal` was aborted */
async function renewLoop({ lock, startedMs }: Leadership, signal: AbortSignal, clock: Clock): Promise<boolean> {
  let renewedMs = startedMs
  while (!signal.aborted) {
    await sleepWithJitter(clock, signal)
    const nowMs = clock.now()
    if (nowMs >= renewedMs + RENEW_DEADLINE_MS) return false
    try {
      if (!signal.aborted && !(await lock.tryAcquireOrRenew())) return false
      renewedMs = nowMs
    } catch {
      // Retried until the renew deadline.
    }
  }
  return true
}

/** Jitter keeps replicas from retrying at the same time. */
const sleepWithJitter = ({ sleep }: Clock, signal: AbortSignal) =>
  sleep(RETRY_PERIOD_MS * (0.8 + Math.random() * 0.2), signal)

/** @see k8s.io/apimachinery metav1.MicroTime */
const toMicroTime = (date: Date) => date.toISOString().replace('Z', '000Z')
