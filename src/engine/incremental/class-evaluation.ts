import type { InferenceService } from '../../kserve/inference-service.ts'
import { hasPendingRollout, pathsOf } from '../../request/inference-service-paths.ts'
import type { Path } from '../../request/request-path.ts'
import type { CheckRule } from '../../rules/lib/rule.ts'
import type { Snapshot, View } from '../../state/snapshot.ts'
import { isAffected, type KeySets } from './changed-keys.ts'
import type { DependencyKey } from './dependency-key.ts'
import { type TrackingView, track, union } from './dependency-tracking.ts'
import { hasSame, type Members } from './equivalence-classes.ts'
import { type CheckResult, type Projection, runCheck } from './run-checks.ts'
import { type Skip, skipsOf } from './skip.ts'

/** Rule name under which paths that cannot be evaluated are listed as skipped. */
export const PATHS = 'paths'

/**
 * Evaluation of one equivalence class. Its members have identical paths and findings, so only the first is evaluated.
 */
export interface ClassEvaluation {
  /** Sorted by name. */
  readonly members: Members
  /** Absent if they could not be evaluated. */
  readonly paths: readonly Path[] | undefined
  /** Paths after the next rollout, if its pods differ from the running ones. */
  readonly next: readonly Path[] | undefined
  /** Results of all members. */
  readonly found: readonly CheckResult[]
  readonly skipped: readonly Skip[]
  readonly dependencies: ReadonlySet<DependencyKey>
}

/** Class evaluations that are valid for every namespace with an equal fingerprint, by fingerprints. */
export type ClassCache = Map<string, ClassEvaluation>

/** Input that is equal for all classes of a namespace. */
export interface ClassContext {
  readonly snapshot: Snapshot
  /** Shared by the classes, so that common input is read and derived once. */
  readonly view: TrackingView | undefined
  /** Checks of InferenceServices. */
  readonly checks: readonly CheckRule[]
  /** Relative to the namespace. */
  readonly changedKeys: KeySets
  readonly cache: ClassCache
  readonly project: Projection<InferenceService>
}

/**
 * Evaluates an equivalence class, or reuses its previous evaluation if no dependency changed.
 *
 * @param key of the cache: fingerprints of the namespace and of the class
 */
export function evaluateClass(
  context: ClassContext,
  key: string,
  members: Members,
  previous: ClassEvaluation | undefined
): ClassEvaluation {
  const { changedKeys, cache } = context
  const isSame =
    previous !== undefined && previous.members[0] === members[0] && !isAffected(previous.dependencies, changedKeys)
  if (isSame && hasSame(previous.members, members)) return previous
  // A check result names its member, so results cannot be reused for new members.
  if (isSame && previous.found.length === 0) return { ...previous, members }
  const cached = cache.get(key)
  if (cached !== undefined) return { ...cached, members }
  const evaluated = evaluateRepresentative(context, members)
  if (isNamespaceIndependent(evaluated)) cache.set(key, evaluated)
  return evaluated
}

/** True if a failure names the model itself as the object at fault: then each member has a failure of its own. */
export function namesModel({ paths = [], next = [] }: Pick<ClassEvaluation, 'paths' | 'next'>): boolean {
  const failures = [...paths, ...next].flatMap(({ hops }) => hops.flatMap(({ failure }) => failure ?? []))
  return failures.some(one => 'object' in one && one.object.kind === 'InferenceService')
}

/** True if the result mentions neither the namespace nor a member and can be shared across namespaces. */
function isNamespaceIndependent(evaluated: ClassEvaluation): boolean {
  const {
    paths = [],
    next = [],
    found,
    skipped,
    members: [first]
  } = evaluated
  return (
    found.length + skipped.length === 0 &&
    !namesModel(evaluated) &&
    [...paths, ...next].every(({ from }) => !from?.includes(first.namespace))
  )
}

function evaluateRepresentative({ snapshot, view, checks, project }: ClassContext, members: Members): ClassEvaluation {
  const [first] = members
  const trackOwn = <T>(evaluate: (view: View, model: InferenceService) => T) =>
    track(
      snapshot,
      seen => {
        const own = project(first, seen)
        return evaluate(own.view, own.subject)
      },
      first.namespace,
      view
    )
  const running = trackOwn((seen, model) => pathsOf(seen, model))
  const next = trackOwn((seen, model) => (hasPendingRollout(seen, model) ? pathsOf(seen, model, 'next') : undefined))
  const checkRuns = checks.map(rule => {
    const one = runCheck(snapshot, rule, [first], view, project)
    return one.found.length + one.skipped.length === 0 ? one : runCheck(snapshot, rule, members, view, project)
  })
  const skips = skipsOf(PATHS, [running, next])
  return {
    members,
    paths: running.value,
    next: next.value,
    found: checkRuns.flatMap(({ found }) => found),
    skipped: [...skips, ...checkRuns.flatMap(({ skipped }) => skipped)],
    dependencies: union([running, next, ...checkRuns])
  }
}
