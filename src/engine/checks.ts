import { type Kind, type Ref, type ResourceOf, toRef } from '../model/resource.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { CheckProblem, CheckRule } from '../rules/rule.ts'
import type { Skip } from './finding.ts'
import { observe, type Recorder, type Token } from './recorder.ts'

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
  readonly reads: ReadonlySet<Token>
}

/** Has a check look at objects. One that throws, or reads what could not be read, is skipped and named for that object. */
export function inspect(
  snapshot: Snapshot,
  rule: CheckRule,
  subjects: readonly ResourceOf<Kind>[],
  view?: Recorder
): Inspected {
  const reads = new Set<Token>()
  const found: Found[] = []
  const skipped: Skip[] = []
  for (const subject of subjects) {
    const observed = observe(snapshot, seen => [...rule.check(subject, seen)], subject.namespace, view)
    for (const token of observed.reads) reads.add(token)
    if (observed.skip !== undefined) skipped.push({ rule: rule.id, ...observed.skip })
    else found.push(...observed.value.map(problem => ({ rule, subject: toRef(subject), problem })))
  }
  return { found, skipped, reads }
}
