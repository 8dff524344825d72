/** Thrown by an evaluation whose budget is used up. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded'
}

/** Reading a clock takes as long as several reads of the state. */
const READS_PER_LOOK = 16

/** Of the evaluation that runs now. Evaluations are synchronous, so there is never more than one. */
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
 * To be called with each read of the state.
 *
 * @throws {BudgetExceeded}
 */
export function checkBudget(): void {
  if (isExhausted === undefined || ++dependencies % READS_PER_LOOK !== 0) return
  if (isExhausted()) throw new BudgetExceeded('the budget of the evaluation is used up')
}
