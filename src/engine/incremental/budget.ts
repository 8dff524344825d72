/** Thrown by an evaluation that exceeds its budget. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded'
}

/** Reading the clock costs as much as several reads of the state. */
const READS_PER_CLOCK_CHECK = 16

/** Budget of the current evaluation. Evaluations are synchronous, so there is at most one. */
let isExhausted: (() => boolean) | undefined
let dependencies = 0

/**
 * Runs an evaluation that is abandoned as soon as it reads the state after its budget is used up.
 *
 * @throws {BudgetExceeded}
 */
export function withinBudget<T>(exhausted: () => boolean, evaluation: () => T): T {
  const outer = isExhausted
  isExhausted = exhausted
  try {
    return evaluation()
  } finally {
    isExhausted = outer
  }
}

/**
 * Called on each read of the state.
 *
 * @throws {BudgetExceeded}
 */
export function checkBudget(): void {
  if (isExhausted === undefined || ++dependencies % READS_PER_CLOCK_CHECK !== 0) return
  if (isExhausted()) throw new BudgetExceeded('the budget of the evaluation is used up')
}
