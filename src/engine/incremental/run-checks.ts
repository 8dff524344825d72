import type { CheckProblem, CheckRule } from '../../rules/lib/rule.ts'
import { type Kind, type Ref, type ResourceOf, toRef } from '../../state/resource.ts'
import type { Snapshot, View } from '../../state/snapshot.ts'
import type { DependencyKey } from './dependency-key.ts'
import { type TrackingView, track, union } from './dependency-tracking.ts'
import type { Skip } from './skip.ts'

/** Problem that a check reports, with the checked object. */
export interface CheckResult {
  readonly rule: CheckRule
  readonly subject: Ref
  readonly problem: CheckProblem
}

/** Results of one check on several objects. */
export interface CheckRun {
  readonly found: readonly CheckResult[]
  readonly skipped: readonly Skip[]
  readonly dependencies: ReadonlySet<DependencyKey>
}

/** All that the check of an object sees of a view, the object included. */
export type Projection<T> = (object: T, view: View) => { readonly subject: T; readonly view: View }

/** Runs a check on objects. It is skipped for an object, with the reason, if it throws or reads an unreadable kind. */
export function runCheck<T extends ResourceOf<Kind>>(
  snapshot: Snapshot,
  rule: CheckRule,
  subjects: readonly T[],
  shared?: TrackingView,
  project: Projection<T> = (subject, view) => ({ subject, view })
): CheckRun {
  const found: CheckResult[] = []
  const skipped: Skip[] = []
  const results = subjects.map(subject => {
    const check = (seen: View) => {
      const own = project(subject, seen)
      return [...rule.check(own.subject, own.view)]
    }
    const evaluation = track(snapshot, check, subject.namespace, shared)
    const { value = [], skip } = evaluation
    for (const problem of value) found.push({ rule, subject: toRef(subject), problem })
    if (skip !== undefined) skipped.push({ rule: rule.id, ...skip })
    return evaluation
  })
  return { found, skipped, dependencies: union(results) }
}
