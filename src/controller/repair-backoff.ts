/** Recent repairs of an object that another field manager keeps changing. */
export interface RepairBackoff {
  readonly repairs: number
  /** Time of the last repair, on a monotonic clock. */
  readonly lastMs: number
}

export const INITIAL: RepairBackoff = { repairs: 0, lastMs: Number.NEGATIVE_INFINITY }

/** Single edits are repaired at once; from the third repair on, another field manager is assumed to be active. */
const FREE_REPAIRS = 3
const INITIAL_DELAY_MS = 60_000
const MAX_DELAY_MS = 3_600_000

/** True on the repair after which backoff starts (logged once). */
export const entersBackoff = ({ repairs }: RepairBackoff) => repairs === FREE_REPAIRS

export const canRepair = (backoff: RepairBackoff, nowMs: number) => nowMs >= backoff.lastMs + delayMs(backoff)

/** The counter resets after twice the current backoff. */
export function afterRepair(backoff: RepairBackoff, nowMs: number): RepairBackoff {
  const isOver = nowMs >= backoff.lastMs + Math.max(2 * delayMs(backoff), INITIAL_DELAY_MS)
  return { repairs: isOver ? 1 : backoff.repairs + 1, lastMs: nowMs }
}

function delayMs({ repairs }: RepairBackoff): number {
  return repairs < FREE_REPAIRS ? 0 : Math.min(INITIAL_DELAY_MS * 2 ** (repairs - FREE_REPAIRS), MAX_DELAY_MS)
}
