import { isDeepStrictEqual } from 'node:util'
import { installationPaths } from '../model/installation.ts'
import type { Ref } from '../model/resource.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Path } from '../model/way.ts'
import type { Rules } from '../rules/lib/rule.ts'
import {
  type ChangedKeys,
  type DependencyKey,
  isAffected,
  isCrossNamespace,
  keysOf,
  type Tracked,
  track
} from './dependency-tracking.ts'
import type { Skip } from './finding.ts'
import { type Group, type Judging, judgeGroup, readsOf } from './group.ts'
import { PATHS } from './kin.ts'

/** All that the model and the checks say of one state. */
export interface Evaluation {
  readonly snapshot: Snapshot
  /** By namespace; objects without one stand under the empty name. */
  readonly groups: ReadonlyMap<string, Group>
  /** What any of the groups has read beyond its own namespace, and perhaps what one had read before. */
  readonly far: ReadonlySet<DependencyKey>
  /** What KServe, Knative and Istio need to work at all. */
  readonly installation: Tracked<readonly Path[]>
}

/**
 * Judges a state. What reads a kind that could not be read, and what throws, is skipped and named.
 *
 * @param earlier the evaluation of another state by the same rules: what both share is not judged again
 */
export function evaluate(snapshot: Snapshot, rules: Pick<Rules, 'checks'>, earlier?: Evaluation): Evaluation {
  if (earlier?.snapshot === snapshot) return earlier
  const base = earlier !== undefined && isComparable(earlier.snapshot, snapshot) ? earlier : undefined
  const changes = base === undefined ? [] : [...snapshot.changedSince(base.snapshot)]
  const changedKeys = keysOf(changes, snapshot.settings)
  if (base !== undefined && changedKeys.keys.size === 0) return { ...base, snapshot }
  const judging: Judging = { snapshot, checks: rules.checks, changedKeys, shared: new Map() }
  const isKnown = changes.every(({ before, after }) => base?.groups.has((before ?? after).namespace) === true)
  const known = isKnown ? base : undefined
  const groups = new Map(known?.groups)
  const made: Group[] = []
  for (const namespace of known === undefined ? namespacesOf(snapshot, rules) : namespacesTouched(known, changedKeys)) {
    const earlier = base?.groups.get(namespace)
    const group = judgeGroup(judging, namespace, earlier)
    groups.set(namespace, group)
    if (group !== earlier) made.push(group)
  }
  const isFarKnown = known !== undefined && made.every(group => !readsFar(group, known.far))
  const far = isFarKnown
    ? known.far
    : new Set([...groups.values()].flatMap(group => [...readsOf(group)].filter(isCrossNamespace)))
  const isKept = base !== undefined && !isAffected(base.installation.dependencies, changedKeys.keys)
  return { snapshot, groups, far, installation: isKept ? base.installation : track(snapshot, installationPaths) }
}

/** With other settings, or other evidence, nothing of what was made stands. */
function isComparable(one: Snapshot, other: Snapshot): boolean {
  return isDeepStrictEqual(one.settings, other.settings) && isDeepStrictEqual(one.unreadable, other.unreadable)
}

/** Most changes are read of by nobody but their own namespace; then no other is looked at. */
function namespacesTouched({ groups, far }: Evaluation, changedKeys: ChangedKeys): Iterable<string> {
  if (isAffected(far, changedKeys.keys)) return groups.keys()
  return [...changedKeys.byNamespace.keys()].filter(namespace => groups.has(namespace))
}

/** Has it read something beyond its own namespace that is not among these? */
function readsFar(group: Group, known: ReadonlySet<DependencyKey>): boolean {
  for (const key of readsOf(group)) if (isCrossNamespace(key) && !known.has(key)) return true
  return false
}

function namespacesOf(snapshot: Snapshot, { checks }: Pick<Rules, 'checks'>): readonly string[] {
  const kinds = new Set(['InferenceService' as const, ...checks.flatMap(({ on }) => on)])
  return [...new Set([...kinds].flatMap(kind => [...snapshot.namespaces(kind)]))].sort()
}

/** What could not be judged, each once. */
export function skippedBy({ groups, installation }: Evaluation): readonly Skip[] {
  const own = installation.skip === undefined ? [] : [{ rule: PATHS, ...installation.skip }]
  const skips: readonly Skip[] = [...own, ...[...groups.values()].flatMap(({ skipped }) => skipped)]
  return distinct(skips)
}

export function distinct(skips: readonly Skip[]): readonly Skip[] {
  return [...new Map(skips.map(skip => [JSON.stringify(skip), skip])).values()]
}

export function modelKey({ namespace, name }: Pick<Ref, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}
