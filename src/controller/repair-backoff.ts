/** How often lately somebody has undone what we wrote. */
export interface Patience {
  readonly repairs: number
  /** On a clock that never jumps. */
  readonly lastMs: number
}

export const CALM: Patience = { repairs: 0, lastMs: Number.NEGATIVE_INFINITY }

/** An edit by hand is put right at once, and a second one; from the third on, somebody else means it. */
const FREE_REPAIRS = 3
const FIRST_PAUSE_MS = 60_000
const LAST_PAUSE_MS = 3_600_000

/** True once: for the last repair before we begin to step back. */
export const isBecomingFight = ({ repairs }: Patience) => repairs === FREE_REPAIRS

export const mayRepair = (patience: Patience, nowMs: number) => nowMs >= patience.lastMs + pauseMs(patience)

/** After a pause twice as long as was asked for, all is forgotten. */
export function afterRepair(patience: Patience, nowMs: number): Patience {
  const calm = nowMs >= patience.lastMs + Math.max(2 * pauseMs(patience), FIRST_PAUSE_MS)
  return { repairs: calm ? 1 : patience.repairs + 1, lastMs: nowMs }
}

function pauseMs({ repairs }: Patience): number {
  return repairs < FREE_REPAIRS ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (repairs - FREE_REPAIRS), LAST_PAUSE_MS)
}
