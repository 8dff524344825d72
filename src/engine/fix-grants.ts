import type { Fix, Rules } from '../rules/lib/rule.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { applyChange } from './apply-change.ts'
import type { Grant } from './finding.ts'
import { type ManifestReader, stepsOf } from './fix-proof.ts'
import { grantsOf } from './grants.ts'
import { type Evaluation, evaluate } from './incremental/evaluate.ts'

/**
 * Finds the callers that a fix lets through to a model and that do not get through in this state. Equal fixes are evaluated once;
 * a fix without objects, or with objects that cannot be read, has none.
 */
export function grantFinder(
  state: Snapshot,
  rules: Rules,
  read: ManifestReader
): (fix: Fix, model: string) => readonly Grant[] {
  let before: Evaluation | undefined
  const found = new Map<string, ReadonlyMap<string, readonly Grant[]>>()
  const evaluateFix = (fix: Fix): ReadonlyMap<string, readonly Grant[]> => {
    const steps = stepsOf(state, [{ fix }], read) ?? []
    if (steps.length === 0) return new Map()
    before ??= evaluate(state, rules)
    const grants = grantsOf(
      before,
      evaluate(
        steps.reduce((fixed, step) => applyChange(fixed, step), state),
        rules,
        before
      )
    )
    return Map.groupBy(grants, ({ inferenceService }) => inferenceService)
  }
  return (fix, model) => {
    const key = JSON.stringify([fix.apply, fix.remove])
    const known = found.get(key) ?? evaluateFix(fix)
    found.set(key, known)
    return known.get(model) ?? []
  }
}
