import fc from 'fast-check'
import type t from 'tap'

/** Fixed seed; change it with `SEED=7 RUNS=10 npx tap run test/properties`. */
const SEED = Number(process.env['SEED'] ?? 1)
const TIMES = Number(process.env['RUNS'] ?? 1)

/** Runs a property test; a failure prints its seed and the smallest counterexample. */
export function property<T>(
  tap: typeof t,
  name: string,
  examples: fc.Arbitrary<T>,
  runs: number,
  holds: (example: T) => void
): void {
  tap.test(name, async tap => {
    const details = fc.check(fc.property(examples, holds), {
      seed: SEED,
      numRuns: runs * TIMES,
      includeErrorInReport: true
    })
    tap.equal(fc.defaultReportMessage(details), undefined)
  })
}
