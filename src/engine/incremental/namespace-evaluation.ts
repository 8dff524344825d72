import type { InferenceService } from '../../kserve/inference-service.ts'
import type { CheckRule } from '../../rules/lib/rule.ts'
import { getKnown } from '../../state/map.ts'
import { memoize } from '../../state/memoize.ts'
import type { Kind } from '../../state/resource.ts'
import type { Snapshot } from '../../state/snapshot.ts'
import { SubjectView } from '../../subject/subject-view.ts'
import type { Subjects } from '../../subject/subjects.ts'
import { type ChangedKeys, isAffected, relativeTo } from './changed-keys.ts'
import { type ClassCache, type ClassEvaluation, evaluateClass, namesModel, PATHS } from './class-evaluation.ts'
import type { DependencyKey } from './dependency-key.ts'
import { sharedView, track, union } from './dependency-tracking.ts'
import { type EquivalenceClasses, type PartitionContext, partitionModels } from './equivalence-classes.ts'
import { type CheckResult, type CheckRun, type Projection, runCheck } from './run-checks.ts'
import { type Skip, skipsOf } from './skip.ts'

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

/** Sets of dependencies of all evaluations of the namespace, which share some. */
export const dependenciesOf = memoize(
  ({ evaluations, checkRuns }: NamespaceEvaluation): readonly ReadonlySet<DependencyKey>[] => [
    ...new Set([...evaluations.values(), ...checkRuns.values()].map(({ dependencies }) => dependencies))
  ]
)

/** Checks by scope: those of InferenceServices run once for a class, others once for all objects of a namespace. */
const checksByScope = memoize((checks: readonly CheckRule[]) => ({
  ofModels: checks.filter(({ on }) => on.includes('InferenceService')),
  ofOthers: checks.flatMap(rule =>
    rule.on.flatMap(kind => (kind === 'InferenceService' ? [] : [{ rule, kind, key: `${rule.id} ${kind}` }]))
  )
}))

/** Input of one evaluation that is equal for all namespaces. */
export interface EvaluationContext extends PartitionContext {
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
  const { snapshot, checks, classCache, subjects, subjectChange } = context
  const changedKeys = relativeTo(namespace, context.changedKeys)
  const isSame = previous !== undefined && subjectChange?.namespaces.has(namespace) === false
  if (isSame && !dependenciesOf(previous).some(keys => isAffected(keys, changedKeys))) return previous
  const classes = isSame ? previous.classes : partitionModels(context, namespace, previous?.classes)
  const { ofModels, ofOthers } = checksByScope(checks)
  const view = sharedView(snapshot, namespace)
  const project = projection(subjects, classes)
  const ofClasses = { snapshot, view, checks: ofModels, changedKeys, cache: classCache, project }
  const evaluations = new Map<string, ClassEvaluation>()
  const listed = track(snapshot, seen => seen.list('InferenceService', namespace))
  for (const [fingerprint, members] of listed.skip === undefined ? classes.byFingerprint : []) {
    const key = `${classes.namespaceForm} ${fingerprint}`
    const evaluated = evaluateClass(ofClasses, key, members, previous?.evaluations.get(fingerprint))
    if (!namesModel(evaluated)) evaluations.set(fingerprint, evaluated)
    else {
      for (const model of members) {
        const own = `${fingerprint} ${model.name}`
        evaluations.set(own, evaluateClass(ofClasses, own, [model], previous?.evaluations.get(own)))
      }
    }
  }
  const checkRuns = new Map<string, CheckRun>()
  for (const { rule, kind, key } of ofOthers) {
    const previousRun = previous?.checkRuns.get(key)
    const isKept = previousRun !== undefined && !isAffected(previousRun.dependencies, changedKeys)
    checkRuns.set(key, isKept ? previousRun : runCheckOnKind(snapshot, rule, kind, namespace))
  }
  const results = [...evaluations.values(), ...checkRuns.values()]
  const skipped = [...skipsOf(PATHS, [listed]), ...results.flatMap(({ skipped }) => skipped)]
  const found = results.flatMap(one => one.found)
  return { classes, evaluations, checkRuns, found, skipped }
}

/** Shows models their own objects. Evaluations of a model on one view share what they derive. */
function projection({ byNamespace, words }: Subjects, { subjects }: EquivalenceClasses): Projection<InferenceService> {
  const views = new Map<InferenceService, SubjectView>()
  return (model, view) => {
    const known = views.get(model)
    if (known?.whole === view) return known
    const own = new SubjectView(view, getKnown(subjects, model), getKnown(byNamespace, model.namespace), words)
    views.set(model, own)
    return own
  }
}

function runCheckOnKind(snapshot: Snapshot, rule: CheckRule, kind: Kind, namespace: string): CheckRun {
  const view = sharedView(snapshot, namespace)
  const listed = track(snapshot, seen => seen.list(kind, namespace), namespace, view)
  const { found, skipped, dependencies } = runCheck(snapshot, rule, listed.value ?? [], view)
  const skips = listed.skip === undefined ? skipped : [...skipped, { rule: rule.id, ...listed.skip }]
  return { found, skipped: skips, dependencies: union([{ dependencies }, listed]) }
}
