import type { Failure } from '../request/failure.ts'
import { explainBy } from '../rules/lib/explain-by.ts'
import { type Rules, ruleFor } from '../rules/lib/rule.ts'
import { memoize } from '../state/memoize.ts'
import type { Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { sharedView, track } from './incremental/dependency-tracking.ts'

/** Explains the failures of a state, each once: several paths can have the same one. */
export function failureExplainer(snapshot: Snapshot, rules: Rules, changed: Resource | undefined) {
  const view = sharedView(snapshot)
  return memoize((failure: Failure) =>
    track(snapshot, explainBy(ruleFor(rules, failure), failure, changed), undefined, view)
  )
}
