import type { Logger } from 'pino'
import type { Snapshot } from '../model/snapshot.ts'
import { isSettled, type StateSource } from '../sources/source.ts'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { afterChange, isDue, type Pending } from './occasion.ts'
import { type Judged, publisherOf } from './publisher.ts'
import { reporting } from './reporting.ts'

/** What the leader's audit looks at, and how. */
export interface AuditOptions {
  readonly source: StateSource
  readonly judge: (state: Snapshot) => Judged
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
  readonly findings: Judged['findings']
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
  const { source, judge, reports, api, home, log, clock } = options
  let status: AuditStatus | undefined
  const audit = async (state: Snapshot, publish: ReturnType<typeof publisherOf>, signal: AbortSignal) => {
    const judged = judge(state)
    status = { lastSuccessMs: status?.lastSuccessMs, findings: judged.findings }
    const written = reports === 'off' ? 0 : await publish(judged, state, signal)
    if (written > 0) log.info({ written, findings: judged.findings.length }, 'audit updated reports')
    if (signal.aborted) return false
    status = { lastSuccessMs: clock.date(), findings: judged.findings }
    return true
  }
  return {
    status: () => status,
    keep: async signal => {
      const attempt = reporting(log, 'audit failed')
      const publish = publisherOf(api, home, clock)
      let pending: Pending | undefined
      let seen: Snapshot | undefined
      while (!signal.aborted) {
        const state = source.current()
        if (pending !== undefined && state !== seen) pending = afterChange(pending, clock.now())
        seen = state
        // What is not known for now would look like what is gone, and its reports with it.
        const isKnown = source.health().every(isSettled)
        if (isKnown && (pending === undefined || isDue(pending, clock.now()))) {
          const isDone = (await attempt(() => audit(state, publish, signal))) === true
          pending = { auditedMs: clock.now(), isDone, changed: undefined }
        }
        await clock.sleep(LOOK_MS, signal)
      }
      status = undefined
    }
  }
}
