import type { Logger } from 'pino'
import { isSettled, type KindHealth } from '../sources/source.ts'
import type { Api } from './api.ts'
import { afterChange, isDue, type Pending } from './audit-schedule.ts'
import type { Clock } from './clock.ts'
import { reporting } from './log-on-change.ts'
import { type Audit, publisherOf } from './report-publisher.ts'

/** What the leader's audit looks at, and how. */
export interface AuditOptions {
  readonly health: () => readonly KindHealth[]
  /** Another one whenever the state has changed. */
  readonly version: () => string
  /** Nothing while the state is not known. */
  readonly audit: () => Promise<Audit | undefined>
  /** As in the configuration. */
  readonly reports: 'auto' | 'off'
}

export interface AuditorOptions extends AuditOptions {
  readonly api: Api
  /** Our own namespace. */
  readonly home: string
  readonly log: Logger
  readonly clock: Clock
}

/** What the last audit has found; known to the leader alone. */
export interface AuditStatus {
  /** When an audit, with its reports, last came to its end, in milliseconds since 1970. */
  readonly lastSuccessMs: number | undefined
  readonly findings: Audit['findings']
}

/** What the leader does about the state as a whole. */
export interface Auditor {
  readonly status: () => AuditStatus | undefined
  /** Audits at once, after changes and now and then, until told to stop. */
  readonly keep: (signal: AbortSignal) => Promise<void>
}

const LOOK_MS = 1_000

/**
 * Judges the whole state, and reports what is wrong with it. Admission judges each change by itself: what two that were
 * admitted at the same moment do together, what came while nobody answered, and what was wrong before, is found here.
 */
export function auditorOf(options: AuditorOptions): Auditor {
  const { health, version, audit, reports, api, home, log, clock } = options
  let status: AuditStatus | undefined
  /** @returns nothing when there was nothing to audit */
  const run = async (publish: ReturnType<typeof publisherOf>, signal: AbortSignal) => {
    const audited = await audit()
    if (audited === undefined || signal.aborted) return undefined
    const { findings } = audited
    status = { lastSuccessMs: status?.lastSuccessMs, findings }
    const written = reports === 'off' ? 0 : await publish(audited.reports, signal)
    if (written > 0) log.info({ written, findings: countOf(findings) }, 'audit updated reports')
    if (signal.aborted) return false
    status = { lastSuccessMs: clock.date(), findings }
    return true
  }
  return {
    status: () => status,
    keep: async signal => {
      const attempt = reporting(log, 'audit failed')
      const publish = publisherOf(api, home, clock)
      let pending: Pending | undefined
      let seen: string | undefined
      while (!signal.aborted) {
        const now = version()
        if (pending !== undefined && now !== seen) pending = afterChange(pending, clock.now())
        seen = now
        // What is not known for now would look like what is gone, and its reports with it.
        const isKnown = health().every(isSettled)
        if (isKnown && (pending === undefined || isDue(pending, clock.now()))) {
          const outcome = await attempt(async () => ({ isDone: await run(publish, signal) }))
          if (outcome === undefined || outcome.isDone !== undefined) {
            pending = { auditedMs: clock.now(), isDone: outcome?.isDone === true, changed: undefined }
          }
        }
        await clock.sleep(LOOK_MS, signal)
      }
      status = undefined
    }
  }
}

export const countOf = (findings: Audit['findings']) => findings.reduce((sum, { count }) => sum + count, 0)
