import { isDeepStrictEqual } from 'node:util'
import { controlPlanePaths } from '../../request/control-plane.ts'
import { llmInferenceServicePaths } from '../../request/llm-inference-service-paths.ts'
import type { Path } from '../../request/request-path.ts'
import type { Rules } from '../../rules/lib/rule.ts'
import type { Ref } from '../../state/resource.ts'
import type { Snapshot } from '../../state/snapshot.ts'
import { changeSubjects, type Subjects, subjectsOf } from '../../subject/subjects.ts'
import { type ChangedKeys, isAffected, keysOf } from './changed-keys.ts'
import { PATHS } from './class-evaluation.ts'
import { CrossNamespaceKeys } from './cross-namespace-keys.ts'
import { type Tracked, track } from './dependency-tracking.ts'
import {
  dependenciesOf,
  type EvaluationContext,
  evaluateNamespace,
  type NamespaceEvaluation
} from './namespace-evaluation.ts'
import { type SidecarLosses, sidecarLosses } from './sidecar-losses.ts'
import { type Skip, skipsOf, withCurrentReason } from './skip.ts'

/** All paths and check results of one state. */
export interface Evaluation {
  readonly snapshot: Snapshot
  /** By namespace; cluster-scoped objects are under the empty name. */
  readonly namespaces: ReadonlyMap<string, NamespaceEvaluation>
  readonly crossNamespace: CrossNamespaceKeys
  /** Paths of the control planes: webhooks and controllers of KServe, Knative and Istio. */
  readonly controlPlane: Tracked<readonly Path[]>
  readonly llmInferenceServices: Tracked<readonly Path[]>
  readonly sidecarLosses: SidecarLosses
  readonly subjects: Subjects
}

/**
 * Evaluates all paths and checks of a state. Evaluations that throw or read an unreadable kind are listed as skipped.
 *
 * @param previous the evaluation of another state by the same rules: results with unchanged dependencies are reused
 */
export function evaluate(snapshot: Snapshot, rules: Pick<Rules, 'checks'>, previous?: Evaluation): Evaluation {
  if (previous?.snapshot === snapshot) return previous
  const base = previous !== undefined && isComparable(previous.snapshot, snapshot) ? previous : undefined
  const changes = base === undefined ? [] : [...snapshot.diff(base.snapshot)]
  if (base !== undefined && changes.length === 0) return { ...base, snapshot }
  const { subjects, change: subjectChange } =
    base === undefined
      ? { subjects: subjectsOf(snapshot), change: undefined }
      : changeSubjects(base.subjects, snapshot, changes)
  const reshaped: Iterable<string> = subjectChange?.namespaces ?? []
  const moved = (subjectChange?.moved ?? []).map(object => ({ before: object, after: object }))
  const changedKeys = keysOf([...changes, ...moved], snapshot.settings)
  const context: EvaluationContext = {
    snapshot,
    checks: rules.checks,
    changedKeys,
    classCache: new Map(),
    subjects,
    subjectChange
  }
  const isKnown = changes.every(({ before, after }) => base?.namespaces.has((before ?? after).namespace) === true)
  const known = isKnown ? base : undefined
  const namespaces = new Map(known?.namespaces)
  const recomputed: NamespaceEvaluation[] = []
  for (const namespace of known === undefined
    ? namespacesOf(snapshot, rules)
    : affectedNamespaces(known, changedKeys, reshaped)) {
    const previousResult = base?.namespaces.get(namespace)
    const evaluated = evaluateNamespace(context, namespace, previousResult)
    namespaces.set(namespace, evaluated)
    if (evaluated !== previousResult) recomputed.push(evaluated)
  }
  const added = recomputed.flatMap(dependenciesOf)
  const crossNamespace = known?.crossNamespace.with(added) ?? new CrossNamespaceKeys(namespaces.values())
  const reuseOrEvaluate = (previousPaths: Tracked<readonly Path[]> | undefined, pathsOf: typeof controlPlanePaths) =>
    previousPaths !== undefined && !isAffected(previousPaths.dependencies, changedKeys.keys)
      ? previousPaths
      : track(snapshot, pathsOf)
  return {
    snapshot,
    namespaces,
    crossNamespace,
    controlPlane: reuseOrEvaluate(base?.controlPlane, controlPlanePaths),
    llmInferenceServices: reuseOrEvaluate(base?.llmInferenceServices, llmInferenceServicePaths),
    sidecarLosses: sidecarLosses(snapshot, base?.sidecarLosses, changedKeys.keys),
    subjects
  }
}

/**
 * Different settings or unreadable kinds invalidate every result. Other reasons why a kind is unreadable do not: they change
 * often while an API server is down.
 */
function isComparable(one: Snapshot, other: Snapshot): boolean {
  const kinds = ({ unreadable }: Snapshot) => [...unreadable.keys()].sort()
  return isDeepStrictEqual(one.settings, other.settings) && isDeepStrictEqual(kinds(one), kinds(other))
}

/** Most changes affect only their own namespace; then no other namespace is evaluated. */
function affectedNamespaces(
  { namespaces, crossNamespace }: Evaluation,
  changedKeys: ChangedKeys,
  reshaped: Iterable<string>
): Iterable<string> {
  if (isAffected(crossNamespace.keys, changedKeys.keys)) return namespaces.keys()
  const own = new Set([...changedKeys.byNamespace.keys(), ...reshaped])
  return [...own].filter(namespace => namespaces.has(namespace))
}

function namespacesOf(snapshot: Snapshot, { checks }: Pick<Rules, 'checks'>): readonly string[] {
  const kinds = new Set(['InferenceService' as const, ...checks.flatMap(({ on }) => on)])
  return [...new Set([...kinds].flatMap(kind => [...snapshot.namespaces(kind)]))].sort()
}

/** Evaluations that were skipped, without duplicates. */
export function skippedBy({
  snapshot,
  namespaces,
  controlPlane,
  llmInferenceServices,
  sidecarLosses
}: Evaluation): readonly Skip[] {
  const own = skipsOf(PATHS, [controlPlane, llmInferenceServices, ...sidecarLosses.byNamespace.values()])
  const skips: readonly Skip[] = [...own, ...[...namespaces.values()].flatMap(({ skipped }) => skipped)]
  const pathsFirst = skips.toSorted((a, b) => Number(b.rule === PATHS) - Number(a.rule === PATHS))
  return dedupe(pathsFirst.map(skip => withCurrentReason(skip, snapshot)))
}

/** Removes entries that are equal as JSON. */
export function dedupe<T>(all: readonly T[]): readonly T[] {
  return [...new Map(all.map(one => [JSON.stringify(one), one])).values()]
}

export function modelKey({ namespace, name }: Pick<Ref, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}
