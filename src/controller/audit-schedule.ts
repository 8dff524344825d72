/** Time of the last audit, and changes since then; all times on a monotonic clock. */
export interface AuditSchedule {
  readonly auditedMs: number
  /** False if the last audit failed and is retried soon. */
  readonly succeeded: boolean
  /** First and latest change since the last audit. */
  readonly changed: { readonly firstMs: number; readonly lastMs: number } | undefined
}

/** Changes come in bursts: an audit starts after the last change of one. */
const DEBOUNCE_MS = 5_000
/** Longest debounce under continuous changes. */
const MAX_DEBOUNCE_MS = 60_000
const PERIOD_MS = 600_000
const RETRY_MS = 60_000

export function isDue({ auditedMs, succeeded, changed }: AuditSchedule, nowMs: number): boolean {
  if (nowMs >= auditedMs + (succeeded ? PERIOD_MS : RETRY_MS)) return true
  return changed !== undefined && (nowMs >= changed.lastMs + DEBOUNCE_MS || nowMs >= changed.firstMs + MAX_DEBOUNCE_MS)
}

/** True if existing reports are to be listed again, because another client may have changed them. */
export const isRelistDue = (listedMs: number, nowMs: number) => nowMs >= listedMs + PERIOD_MS

export function afterChange(schedule: AuditSchedule, nowMs: number): AuditSchedule {
  return { ...schedule, changed: { firstMs: schedule.changed?.firstMs ?? nowMs, lastMs: nowMs } }
}
