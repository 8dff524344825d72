import { pathsOf } from '../model/path.ts'
import { type Ref, toRef } from '../model/resource.ts'
import type { Snapshot, View } from '../model/snapshot.ts'
import type { Path } from '../model/way.ts'
import type { CheckProblem, CheckRule, Rules } from '../rules/rule.ts'
import type { Skip } from './finding.ts'
import { observe } from './recorder.ts'

/** A check's problem and its subject. */
export interface Found {
  readonly rule: CheckRule
  readonly subject: Ref
  readonly problem: CheckProblem
}

/** All that the model and the checks say of one state. */
export interface Evaluation {
  readonly snapshot: Snapshot
  /** By `namespace/name` of the InferenceService; one whose paths could not be followed has no entry. */
  readonly paths: ReadonlyMap<string, readonly Path[]>
  readonly found: readonly Found[]
  readonly skipped: readonly Skip[]
}

/** The name under which paths that could not be followed are skipped. */
export const PATHS = 'paths'

/** Judges a state. What reads a kind that could not be read, and what throws, is skipped and named. */
export function evaluate(snapshot: Snapshot, { checks }: Pick<Rules, 'checks'>): Evaluation {
  const skips = new Map<string, Skip>()
  const guard = <T>(rule: string, judgement: (view: View) => T): T | undefined => {
    const { value, skip } = observe(snapshot, judgement)
    if (skip !== undefined) skips.set(JSON.stringify([rule, skip]), { rule, ...skip })
    return value
  }

  const paths = new Map<string, readonly Path[]>()
  for (const service of guard(PATHS, view => view.list('InferenceService')) ?? []) {
    const found = guard(PATHS, view => pathsOf(view, service))
    if (found !== undefined) paths.set(modelKey(service), found)
  }
  const found = checks.flatMap(rule =>
    (guard(rule.id, view => view.list(rule.on)) ?? []).flatMap(subject => {
      const toFound = (problem: CheckProblem): Found => ({ rule, subject: toRef(subject), problem })
      return guard(rule.id, view => [...rule.check(subject, view)].map(toFound)) ?? []
    })
  )
  return { snapshot, paths, found, skipped: [...skips.values()] }
}

export function modelKey({ namespace, name }: Pick<Ref, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}
