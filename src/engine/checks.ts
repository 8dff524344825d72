import { type Kind, type Ref, type ResourceOf, toRef } from '../model/resource.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { CheckProblem, CheckRule } from '../rules/lib/rule.ts'
import { type DependencyKey, type TrackingView, track, union } from './dependency-tracking.ts'
import type { Skip } from './finding.ts'

/** A check's problem and its subject. */
export interface Found {
  readonly rule: CheckRule
  readonly subject: Ref
  readonly problem: CheckProblem
}

/** What a check came to with some objects. */
export interface Inspected {
  readonly found: readonly Found[]
  readonly skipped: readonly Skip[]
  readonly dependencies: ReadonlySet<DependencyKey>
}

/** Has a check look at objects. One that throws, or reads what could not be read, is skipped and named for that object. */
export function inspect(
  snapshot: Snapshot,
  rule: CheckRule,
  subjects: readonly ResourceOf<Kind>[],
  view?: TrackingView
): Inspected {
  const found: Found[] = []
  const skipped: Skip[] = []
  const results = subjects.map(subject => {
    const evaluation = track(snapshot, seen => [...rule.check(subject, seen)], subject.namespace, view)
    const { value = [], skip } = evaluation
    for (const problem of value) found.push({ rule, subject: toRef(subject), problem })
    if (skip !== undefined) skipped.push({ rule: rule.id, ...skip })
    return evaluation
  })
  return { found, skipped, dependencies: union(results) }
}
