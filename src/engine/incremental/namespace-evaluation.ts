import type { CheckRule } from '../../rules/lib/rule.ts'
import { memoize } from '../../state/memoize.ts'
import type { Kind } from '../../state/resource.ts'
import type { Snapshot } from '../../state/snapshot.ts'
import { type ClassCache, type ClassEvaluation, evaluateClass, PATHS } from './class-evaluation.ts'
import { type ChangedKeys, isAffected, relativeTo, sharedView, track, union } from './dependency-tracking.ts'
import { type EquivalenceClasses, partitionModels, partitionSkips } from './equivalence-classes.ts'
import { type CheckResult, type CheckRun, runCheck } from './run-checks.ts'
import type { Skip } from './skip.ts'

/** Paths and check results of the objects of one namespace. */
export interface NamespaceEvaluation {
  readonly classes: EquivalenceClasses
  /** Class evaluations by fingerprint. */
  readonly evaluations: ReadonlyMap<string, ClassEvaluation>
  /** Results of each check on the objects of a kind, by rule and kind. */
  readonly checkRuns: ReadonlyMap<string, CheckRun>
  /** Results of all checks. */
  readonly found: readonly CheckResult[]
  readonly skipped: readonly Skip[]
}

/** Dependencies of all evaluations of the namespace. Computed on demand: most are never needed. */
export const dependenciesOf = memoize(({ classes, evaluations, checkRuns }: NamespaceEvaluation) =>
  union([classes.namespaceScope, classes.attributes, ...evaluations.values(), ...checkRuns.values()])
)

/** Checks by scope: those of InferenceServices run once for a class, others once for all objects of a namespace. */
const checksByScope = memoize((checks: readonly CheckRule[]) => ({
  ofModels: checks.filter(({ on }) => on.includes('InferenceService')),
  ofOthers: checks.flatMap(rule =>
    rule.on.flatMap(kind => (kind === 'InferenceService' ? [] : [{ rule, kind, key: `${rule.id} ${kind}` }]))
  )
}))

/** Input of one evaluation that is equal for all namespaces. */
export interface EvaluationContext {
  readonly snapshot: Snapshot
  readonly checks: readonly CheckRule[]
  /** Keys that changed since the previous evaluation. */
  readonly changedKeys: ChangedKeys
  readonly classCache: ClassCache
}

/** Evaluates a namespace, reusing the parts of its previous evaluation that depend on no changed key. */
export function evaluateNamespace(
  context: EvaluationContext,
  namespace: string,
  previous: NamespaceEvaluation | undefined
): NamespaceEvaluation {
  const { snapshot, checks, classCache } = context
  const changedKeys = relativeTo(namespace, context.changedKeys)
  if (previous !== undefined && !isAffected(dependenciesOf(previous), changedKeys)) return previous
  const classes = partitionModels(snapshot, namespace, previous?.classes, changedKeys)
  const { ofModels, ofOthers } = checksByScope(checks)
  const view = sharedView(snapshot, namespace)
  const ofClasses = { snapshot, view, checks: ofModels, changedKeys, cache: classCache }
  const evaluations = new Map<string, ClassEvaluation>()
  for (const [fingerprint, members] of classes.byFingerprint) {
    const key = `${classes.namespaceScope.value?.fingerprint} ${fingerprint}`
    evaluations.set(fingerprint, evaluateClass(ofClasses, key, members, previous?.evaluations.get(fingerprint)))
  }
  const checkRuns = new Map<string, CheckRun>()
  for (const { rule, kind, key } of ofOthers) {
    const previousRun = previous?.checkRuns.get(key)
    const isKept = previousRun !== undefined && !isAffected(previousRun.dependencies, changedKeys)
    checkRuns.set(key, isKept ? previousRun : runCheckOnKind(snapshot, rule, kind, namespace))
  }
  const results = [...evaluations.values(), ...checkRuns.values()]
  const skipped = [...partitionSkips(classes, PATHS), ...results.flatMap(({ skipped }) => skipped)]
  const found = results.flatMap(one => one.found)
  return { classes, evaluations, checkRuns, found, skipped }
}

function runCheckOnKind(snapshot: Snapshot, rule: CheckRule, kind: Kind, namespace: string): CheckRun {
  const view = sharedView(snapshot, namespace)
  const listed = track(snapshot, seen => seen.list(kind, namespace), namespace, view)
  const { found, skipped, dependencies } = runCheck(snapshot, rule, listed.value ?? [], view)
  const skips = listed.skip === undefined ? skipped : [...skipped, { rule: rule.id, ...listed.skip }]
  return { found, skipped: skips, dependencies: union([{ dependencies }, listed]) }
}
