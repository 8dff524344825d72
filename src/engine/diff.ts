import type { InferenceService } from '../kserve/inference-service.ts'
import type { FailedHop } from '../request/hop.ts'
import { pathsOf } from '../request/inference-service-paths.ts'
import type { PodGeneration } from '../request/model-templates.ts'
import { failedHopOf, isOpen, type Path } from '../request/request-path.ts'
import { getOrAdd } from '../state/map.ts'
import type { Resource } from '../state/resource.ts'
import { deniesCallers } from './denied-callers.ts'
import type { ClassEvaluation } from './incremental/class-evaluation.ts'
import { track } from './incremental/dependency-tracking.ts'
import type { Evaluation } from './incremental/evaluate.ts'
import type { NamespaceEvaluation } from './incremental/namespace-evaluation.ts'
import { type LostModels, lostCallers } from './lost-callers.ts'
import { comparePath, isSecondCause, newlyBlocked } from './newly-blocked.ts'
import { diffProblems, type ProblemDiff } from './problem-diff.ts'
import { newlyUnknown, type UnknownPath } from './unevaluated.ts'
import { unpublishedPaths } from './unpublished.ts'

/** Blocked path of InferenceServices with identical paths. */
export interface BlockedPath {
  /** Empty if the path belongs to a control plane. */
  readonly models: readonly InferenceService[]
  readonly path: Path
  readonly hop: FailedHop
  /** True if a policy denies some callers and allows others, which may be intentional. */
  readonly partialDenial: boolean
  /**
   * True if the path would be blocked without this cause: it was blocked before, further on; or the model is new, and its
   * plain twin is blocked as well.
   */
  readonly hasExistingCause: boolean
}

/** Difference between the evaluations before and after a change: what the change introduces. */
export interface EvaluationDiff extends ProblemDiff {
  readonly blocked: readonly BlockedPath[]
  /** Paths that will be blocked after the next rollout. */
  readonly latent: readonly BlockedPath[]
  /** Paths that were blocked before the change as well. */
  readonly preexistingBlocked: readonly BlockedPath[]
  /** Paths whose result is not known, if the change concerns them. */
  readonly unknown: readonly UnknownPath[]
  /** True if a previously blocked path is open now. */
  readonly fixesExisting: boolean
}

/** @param updated the changed InferenceService, if the change creates pods: then the paths to its next pods are compared */
export function diffEvaluations(before: Evaluation, after: Evaluation, updated?: Resource): EvaluationDiff {
  const blocked: BlockedPath[] = []
  const latent: BlockedPath[] = []
  const preexistingBlocked: BlockedPath[] = []
  const unknown: UnknownPath[] = []
  let fixesExisting = false
  for (const { models, previous, running, next } of comparisons(before, after)) {
    const own = models.some(model => model === updated)
    const paths = own ? (next ?? running) : running
    const which = own && next !== undefined ? 'next' : 'current'
    const [first] = models
    const fresh = [
      ...newlyBlocked(previous.paths, paths)
        .filter(path => failedHopOf(path)?.failure.cause !== 'not-published')
        .map(path => forRepresentative(after, first, which, paths, path)),
      ...unpublishedPaths({ ...before, paths: previous.paths }, { ...after, paths }, first)
    ]
    unknown.push(...newlyUnknown(models, previous, paths, next))
    const isNew = previous.paths.length === 0
    blocked.push(...toBlockedPaths(models, fresh, paths).filter(({ partialDenial }) => !(isNew && partialDenial)))
    if (next !== undefined && !own && fresh.length === 0) {
      latent.push(...toBlockedPaths(models, newlyBlocked(previous.next ?? previous.paths, next), next))
    }
    if (previous.paths.every(isOpen)) continue
    const old = paths
      .flatMap(path => comparePath(previous.paths, path, paths))
      .flatMap(({ path, wasReachable }) => (wasReachable ? [] : path))
    const oldBlocked = toBlockedPaths(models, old, paths)
    const isSecond = ({ path }: BlockedPath) => path.expected && isSecondCause(previous.paths, path)
    blocked.push(...oldBlocked.filter(isSecond).map(one => ({ ...one, hasExistingCause: true })))
    preexistingBlocked.push(...oldBlocked.filter(one => !isSecond(one)))
    fixesExisting ||= old.some(isOpen)
  }
  latent.push(...lostCallers(after, before).map(ofCallers))
  return { blocked, latent, preexistingBlocked, unknown, fixesExisting, ...diffProblems(before, after) }
}

/**
 * Evaluates the path of a caller class for the first of its remaining namespaces, so that the object at fault is one of
 * that namespace.
 */
function forRepresentative(
  { snapshot }: Evaluation,
  model: InferenceService | undefined,
  which: PodGeneration,
  all: readonly Path[],
  path: Path
): Path {
  const { from } = path
  const evaluated = all.find(({ hops }) => hops === path.hops)?.from?.[0]
  if (model === undefined || evaluated === undefined || from === undefined || from[0] === evaluated) return path
  const isSame = (one: Path) => IDENTITY.every(key => one[key] === path[key]) && one.from?.[0] === from[0]
  const { value = [] } = track(snapshot, view => pathsOf(view, model, which, from[0]).filter(isSame))
  return { ...path, ...value[0], from }
}

const IDENTITY = ['caller', 'entry', 'activatorMode', 'revision'] as const

/** Models with equal paths before the change and equal paths after it. */
export interface Comparison {
  readonly models: readonly InferenceService[]
  readonly previous: { readonly paths: readonly Path[]; readonly next: readonly Path[] | undefined }
  readonly running: readonly Path[]
  readonly next: readonly Path[] | undefined
}

const NEW: PreviousEvaluation = { paths: [], next: undefined }

/** Models whose paths can differ between two states. */
export function* comparisons(before: Evaluation, after: Evaluation): Iterable<Comparison> {
  for (const kind of ['controlPlane', 'llmInferenceServices'] as const) {
    const [then, now] = [before[kind].value, after[kind].value]
    if (then !== undefined && now !== undefined && then !== now)
      yield { models: [], previous: { paths: then, next: undefined }, running: now, next: undefined }
  }
  for (const [namespace, evaluated] of after.namespaces) {
    const previous = before.namespaces.get(namespace)
    // No dependency of the namespace changed, so neither did its paths.
    if (previous !== evaluated) yield* compareNamespaces(previous, evaluated)
  }
}

function* compareNamespaces(before: NamespaceEvaluation | undefined, after: NamespaceEvaluation): Iterable<Comparison> {
  // If the partition is unchanged, one member represents each class.
  const isSamePartition = before?.classes.byFingerprint === after.classes.byFingerprint
  const representatives = ({ members }: ClassEvaluation) => (isSamePartition ? members.slice(0, 1) : members)
  const previousByName = new Map<string, ClassEvaluation>()
  for (const evaluation of before?.evaluations.values() ?? [])
    for (const { name } of representatives(evaluation)) previousByName.set(name, evaluation)
  for (const current of after.evaluations.values()) {
    // Paths that cannot be evaluated now are not reported as blocked.
    const { members, paths: running = [], next } = current
    for (const [then, some] of byPreviousClass(representatives(current), previousByName)) {
      const { paths, next: nextThen } = then
      const models = isSamePartition ? members : some
      // Paths that could not be evaluated before cannot be compared.
      if (paths !== undefined) yield { models, previous: { paths, next: nextThen }, running, next }
    }
  }
}

type PreviousEvaluation = Pick<ClassEvaluation, 'paths' | 'next'>

/** Models by their class before the change. */
function byPreviousClass(
  models: readonly InferenceService[],
  previousByName: ReadonlyMap<string, ClassEvaluation>
): ReadonlyMap<PreviousEvaluation, readonly InferenceService[]> {
  const origins = new Map<PreviousEvaluation, InferenceService[]>()
  for (const model of models)
    getOrAdd(origins, previousByName.get(model.name) ?? NEW, (): InferenceService[] => []).push(model)
  return origins
}

/** Blocked paths among those of models with identical paths. */
export function blockedPathsOf(
  models: readonly InferenceService[],
  paths: readonly Path[] = []
): readonly BlockedPath[] {
  return toBlockedPaths(models, newlyBlocked([], paths), paths)
}

/** Callers that lose their sidecars, as a blocked path. */
export const ofCallers = (lost: LostModels): BlockedPath => ({
  ...lost,
  partialDenial: false,
  hasExistingCause: false
})

/** Adds the failed hop, and whether other callers of the model are still allowed. */
export function toBlockedPaths(
  models: readonly InferenceService[],
  some: readonly Path[],
  all: readonly Path[]
): readonly BlockedPath[] {
  const isReached = all.some(path => path.entry === 'address' && isOpen(path))
  return some.flatMap(path => {
    const hop = failedHopOf(path)
    if (hop === undefined) return []
    return [{ models, path, hop, partialDenial: isReached && deniesCallers(hop), hasExistingCause: false }]
  })
}
