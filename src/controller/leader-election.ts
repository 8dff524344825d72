import type { Logger } from 'pino'
import { z } from 'zod'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { reporting } from './log-on-change.ts'

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

/** A Lease that has not been renewed for so long is free. */
const DURATION_MS = 15_000
/** Without a renewal for so long the holder gives up, before anybody else may begin. */
const DEADLINE_MS = 10_000
const PAUSE_MS = 5_000
/** So a renewal, with its pause and its two requests, ends before the deadline, and a last one before the Lease is free. */
export const LEASE_REQUEST_MS = 2_500

/** A version of the Lease, and since when we know it, on our own clock that never jumps. The times in it say nothing. */
export interface Seen {
  readonly version: string
  readonly sinceMs: number
}

export function see(before: Seen | undefined, { metadata }: Lease, nowMs: number): Seen {
  const version = metadata.resourceVersion
  return before?.version === version ? before : { version, sinceMs: nowMs }
}

/** May `identity` take it? */
export function isFree({ spec }: Lease, { sinceMs }: Seen, identity: string, nowMs: number): boolean {
  const { holderIdentity, leaseDurationSeconds } = spec
  if (!holderIdentity || holderIdentity === identity) return true
  return nowMs >= sinceMs + (leaseDurationSeconds ?? 0) * 1000
}

export interface LeaseOptions {
  readonly api: Api
  readonly path: string
  /** Another for each process. */
  readonly identity: string
  readonly log: Logger
  /** Ends the leadership in good order: the Lease is free at once. */
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Runs `work` whenever this replica is the one that leads, until `signal` says to stop. The signal that `work` gets is
 * aborted when the Lease is lost. Work that ends by itself gives the Lease back.
 */
export async function lead(options: LeaseOptions, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { log, signal, clock } = options
  const claim = claimOf(options)
  const attempt = reporting(log, 'acquiring the Lease failed')
  while (!signal.aborted) {
    const startedMs = clock.now()
    if (await attempt(claim.take)) await hold({ claim, startedMs }, options, work)
    await rest(clock, signal)
  }
}

interface Claim {
  /** Takes the Lease, or renews it. @returns false when it is another's */
  readonly take: () => Promise<boolean>
  readonly release: () => Promise<void>
}

function claimOf({ api, path, identity, clock }: LeaseOptions): Claim {
  let seen: Seen | undefined
  return {
    take: async () => {
      const found = lease.parse(await api.get(path))
      const { metadata, spec } = found
      seen = see(seen, found, clock.now())
      if (!isFree(found, seen, identity, clock.now())) return false
      const time = toMicroTime(new Date(clock.date()))
      const isMine = spec.holderIdentity === identity
      const won = isMine ? {} : { acquireTime: time, leaseTransitions: (spec.leaseTransitions ?? 0) + 1 }
      const term = { holderIdentity: identity, leaseDurationSeconds: DURATION_MS / 1000, renewTime: time }
      await api.merge(path, { metadata, spec: { ...term, ...won } })
      return true
    },
    release: async () => {
      const { metadata, spec } = lease.parse(await api.get(path))
      if (spec.holderIdentity === identity) await api.merge(path, { metadata, spec: { holderIdentity: null } })
    }
  }
}

interface Term {
  readonly claim: Claim
  readonly startedMs: number
}

/** Renews the Lease while the work goes on. */
async function hold(
  term: Term,
  { log, signal, clock }: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>
): Promise<void> {
  const lost = new AbortController()
  const running = work(AbortSignal.any([signal, lost.signal]))
    .catch(error => log.error({ err: error }, 'leader task failed'))
    .finally(() => lost.abort())
  log.info('became leader')
  const isHeld = await renewing(term, AbortSignal.any([signal, lost.signal]), clock)
  log.info(isHeld ? 'stopped leading' : 'lost the Lease')
  lost.abort()
  await running
  if (isHeld) await reporting(log, 'releasing the Lease failed')(term.claim.release)
}

/** @returns false when the Lease was lost, true when told to stop */
async function renewing({ claim, startedMs }: Term, signal: AbortSignal, clock: Clock): Promise<boolean> {
  let renewedMs = startedMs
  while (!signal.aborted) {
    await rest(clock, signal)
    const nowMs = clock.now()
    if (nowMs >= renewedMs + DEADLINE_MS) return false
    try {
      if (!signal.aborted && !(await claim.take())) return false
      renewedMs = nowMs
    } catch {
      // Tried again until the deadline: one request that fails is no loss.
    }
  }
  return true
}

/** Never in step with other replicas. */
const rest = ({ sleep }: Clock, signal: AbortSignal) => sleep(PAUSE_MS * (0.8 + Math.random() * 0.2), signal)

/** Kubernetes wants microseconds. */
const toMicroTime = (date: Date) => date.toISOString().replace('Z', '000Z')
