import { installationPaths } from '../model/installation.ts'
import { differsNext, pathsOf } from '../model/path.ts'
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
  /**
   * By `namespace/name` of the InferenceService, and `INSTALLATION` for what no single one is meant by; one whose paths
   * could not be followed has no entry.
   */
  readonly paths: ReadonlyMap<string, readonly Path[]>
  /** The same with the pods that will be made next, of those where they differ from the running ones. */
  readonly next: ReadonlyMap<string, readonly Path[]>
  readonly found: readonly Found[]
  readonly skipped: readonly Skip[]
}

/** The name under which paths that could not be followed are skipped. */
export const PATHS = 'paths'

/** Under this name stands what KServe, Knative and Istio need to work at all. */
export const INSTALLATION = ''

/** Judges a state. What reads a kind that could not be read, and what throws, is skipped and named. */
export function evaluate(snapshot: Snapshot, { checks }: Pick<Rules, 'checks'>): Evaluation {
  const skips = new Map<string, Skip>()
  const guard = <T>(rule: string, judgement: (view: View) => T): T | undefined => {
    const { value, skip } = observe(snapshot, judgement)
    if (skip !== undefined) skips.set(JSON.stringify([rule, skip]), { rule, ...skip })
    return value
  }

  const paths = new Map<string, readonly Path[]>()
  const next = new Map<string, readonly Path[]>()
  for (const service of guard(PATHS, view => view.list('InferenceService')) ?? []) {
    const found = guard(PATHS, view => pathsOf(view, service))
    if (found !== undefined) paths.set(modelKey(service), found)
    const differing = guard(PATHS, view => (differsNext(view, service) ? pathsOf(view, service, 'next') : undefined))
    if (differing !== undefined) next.set(modelKey(service), differing)
  }
  const installation = guard(PATHS, installationPaths)
  if (installation !== undefined) paths.set(INSTALLATION, installation)
  const found = checks.flatMap(rule =>
    rule.on
      .flatMap(kind => guard(rule.id, view => view.list(kind)) ?? [])
      .flatMap(subject => {
        const toFound = (problem: CheckProblem): Found => ({ rule, subject: toRef(subject), problem })
        return guard(rule.id, view => [...rule.check(subject, view)].map(toFound)) ?? []
      })
  )
  return { snapshot, paths, next, found, skipped: [...skips.values()] }
}

export function modelKey({ namespace, name }: Pick<Ref, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}
