import fc from 'fast-check'
import type t from 'tap'

/** The same examples each time; other ones by `SEED=7 RUNS=10 npx tap run test/properties`. */
const SEED = Number(process.env['SEED'] ?? 1)
const TIMES = Number(process.env['RUNS'] ?? 1)

/** A test of what holds for whatever is drawn. A failure tells its seed and the smallest example that was found. */
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
