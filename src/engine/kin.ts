import type { InferenceService } from '../model/inference-service.ts'
import { differsNext, pathsOf } from '../model/path.ts'
import type { Snapshot, View } from '../model/snapshot.ts'
import type { Path } from '../model/way.ts'
import type { CheckRule } from '../rules/lib/rule.ts'
import { type Found, inspect } from './checks.ts'
import { type DependencyKey, isAffected, type TrackingView, track, union } from './dependency-tracking.ts'
import type { Members } from './families.ts'
import type { Skip } from './finding.ts'

/** The name under which paths that could not be followed are skipped. */
export const PATHS = 'paths'

/** InferenceServices of one namespace that fare alike: what is true of the first is true of all. */
export interface Kin {
  /** By name, in order. */
  readonly members: Members
  /** Absent where they could not be followed. */
  readonly paths: readonly Path[] | undefined
  /** The same with the pods that will be made next, where they differ from the running ones. */
  readonly next: readonly Path[] | undefined
  /** Of all members. */
  readonly found: readonly Found[]
  readonly skipped: readonly Skip[]
  readonly dependencies: ReadonlySet<DependencyKey>
}

/** What was made of a family can stand for one of another namespace that is like it. */
export type Shared = Map<string, Kin>

/**
 * Judges a family, or takes over what was made of it where nothing has changed that this was made from.
 *
 * @param view where the families of a namespace share one, what holds for all of them is read and derived but once
 */
export function judgeKin(
  snapshot: Snapshot,
  view: TrackingView | undefined,
  members: Members,
  checks: readonly CheckRule[],
  earlier: Kin | undefined,
  changedKeys: ReadonlySet<DependencyKey>,
  shared: Shared,
  key: string
): Kin {
  const isSame =
    earlier !== undefined && earlier.members[0] === members[0] && !isAffected(earlier.dependencies, changedKeys)
  if (isSame && areSame(earlier.members, members)) return earlier
  // A problem names the member that has it, so new members are looked at for themselves.
  if (isSame && earlier.found.length === 0) return { ...earlier, members }
  const like = shared.get(key)
  if (like !== undefined) return { ...like, members }
  const made = makeKin(snapshot, view, members, checks)
  if (isAnonymous(made)) shared.set(key, made)
  return made
}

/** Does nothing in it speak of the namespace or of a member? */
function isAnonymous({ paths = [], next = [], found, skipped, members: [first] }: Kin): boolean {
  return (
    found.length + skipped.length === 0 && [...paths, ...next].every(({ from }) => !from?.includes(first.namespace))
  )
}

function areSame(some: readonly InferenceService[], others: readonly InferenceService[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i])
}

function makeKin(
  snapshot: Snapshot,
  view: TrackingView | undefined,
  members: Members,
  checks: readonly CheckRule[]
): Kin {
  const [first] = members
  const follow = <T>(evaluation: (view: View) => T) => track(snapshot, evaluation, first.namespace, view)
  const running = follow(seen => pathsOf(seen, first))
  const differing = follow(seen => (differsNext(seen, first) ? pathsOf(seen, first, 'next') : undefined))
  const inspected = checks.map(rule => {
    const one = inspect(snapshot, rule, [first], view)
    return one.found.length + one.skipped.length === 0 ? one : inspect(snapshot, rule, members, view)
  })
  const skips = [running.skip, differing.skip].flatMap(skip => (skip === undefined ? [] : [{ rule: PATHS, ...skip }]))
  return {
    members,
    paths: running.value,
    next: differing.value,
    found: inspected.flatMap(({ found }) => found),
    skipped: [...skips, ...inspected.flatMap(({ skipped }) => skipped)],
    dependencies: union([running, differing, ...inspected])
  }
}
