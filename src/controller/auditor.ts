import type { Logger } from 'pino'
import type { AuditStatus } from '../report/controller-status.ts'
import { isSynced, type KindHealth } from '../sources/source.ts'
import type { ApiClient } from './api.ts'
import { type AuditSchedule, afterChange, isDue } from './audit-schedule.ts'
import type { Clock } from './clock.ts'
import { logOnChange } from './log-on-change.ts'
import { type Audit, createPublisher } from './report-publisher.ts'

/** Inputs of the leader's audit. */
export interface AuditOptions {
  readonly health: () => readonly KindHealth[]
  /** Changes with every change of the state. */
  readonly version: () => string
  /** Undefined while the cache is not synced. */
  readonly audit: () => Promise<Audit | undefined>
  /** `audit.reports` of the configuration. */
  readonly reports: 'auto' | 'off'
}

export interface AuditorOptions extends AuditOptions {
  readonly api: ApiClient
  /** Namespace of the guard. */
  readonly ownNamespace: string
  readonly log: Logger
  readonly clock: Clock
}

/** Background scan of the current state, run by the leader. */
export interface Auditor {
  readonly status: () => AuditStatus | undefined
  /** Audits immediately, after changes and periodically, until `signal` is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

const POLL_MS = 1_000

/**
 * Evaluates the whole state and writes reports. It finds what admission cannot: the combined effect of concurrent
 * changes, changes admitted while the webhook was unavailable, and pre-existing problems.
 */
export function createAuditor(options: AuditorOptions): Auditor {
  const { health, version, audit, reports, api, ownNamespace, log, clock } = options
  let status: AuditStatus | undefined
  /** @returns undefined if no audit took place, false if it was interrupted */
  const runAudit = async (publish: ReturnType<typeof createPublisher>, signal: AbortSignal) => {
    const result = await audit()
    if (result === undefined || signal.aborted) return undefined
    const { findings } = result
    status = { lastSuccessMs: status?.lastSuccessMs, findings }
    const written = reports === 'off' ? 0 : await publish(result.reports, signal)
    if (written > 0) log.info({ written, findings: countFindings(findings) }, 'audit updated reports')
    if (signal.aborted) return false
    status = { lastSuccessMs: clock.date(), findings }
    return true
  }
  return {
    status: () => status,
    run: async signal => {
      const attempt = logOnChange(log, 'audit failed')
      const publish = createPublisher(api, ownNamespace, clock)
      let schedule: AuditSchedule | undefined
      let seen: string | undefined
      while (!signal.aborted) {
        const now = version()
        if (schedule !== undefined && now !== seen) schedule = afterChange(schedule, clock.now())
        seen = now
        // Resources of a stale kind would look deleted, and their reports would be deleted too.
        const hasSynced = health().every(isSynced)
        if (hasSynced && (schedule === undefined || isDue(schedule, clock.now()))) {
          const outcome = await attempt(async () => ({ succeeded: await runAudit(publish, signal) }))
          if (outcome === undefined || outcome.succeeded !== undefined) {
            schedule = { auditedMs: clock.now(), succeeded: outcome?.succeeded === true, changed: undefined }
          }
        }
        await clock.sleep(POLL_MS, signal)
      }
      status = undefined
    }
  }
}

export const countFindings = (findings: Audit['findings']) => findings.reduce((sum, { count }) => sum + count, 0)
