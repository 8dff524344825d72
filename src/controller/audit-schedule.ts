/** When the state was audited last, and how it has changed since, on a clock that never jumps. */
export interface Pending {
  readonly auditedMs: number
  /** False when the last audit is to be made again soon. */
  readonly isDone: boolean
  /** The first change since then, and the latest. */
  readonly changed: { readonly firstMs: number; readonly lastMs: number } | undefined
}

/** Changes come in bursts: after the last of one. */
const CALM_MS = 5_000
/** Where it is never calm. */
const LONGEST_MS = 60_000
const PERIOD_MS = 600_000
const RETRY_MS = 60_000

export function isDue({ auditedMs, isDone, changed }: Pending, nowMs: number): boolean {
  if (nowMs >= auditedMs + (isDone ? PERIOD_MS : RETRY_MS)) return true
  return changed !== undefined && (nowMs >= changed.lastMs + CALM_MS || nowMs >= changed.firstMs + LONGEST_MS)
}

/** Is it time to look at what the server has, should somebody else have written? */
export const isPeriodOver = (listedMs: number, nowMs: number) => nowMs >= listedMs + PERIOD_MS

export function afterChange(pending: Pending, nowMs: number): Pending {
  return { ...pending, changed: { firstMs: pending.changed?.firstMs ?? nowMs, lastMs: nowMs } }
}
