import { isDeepStrictEqual } from 'node:util'
import { installationPaths } from '../model/installation.ts'
import type { Ref } from '../model/resource.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Path } from '../model/way.ts'
import type { Rules } from '../rules/rule.ts'
import type { Skip } from './finding.ts'
import { type Group, type Judging, judgeGroup } from './group.ts'
import { PATHS } from './kin.ts'
import { isTouched, type Observed, observe, touchedBy } from './recorder.ts'

/** All that the model and the checks say of one state. */
export interface Evaluation {
  readonly snapshot: Snapshot
  /** By namespace; objects without one stand under the empty name. */
  readonly groups: ReadonlyMap<string, Group>
  /** What KServe, Knative and Istio need to work at all. */
  readonly installation: Observed<readonly Path[]>
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
  const touched = touchedBy(changes, snapshot.settings)
  if (base !== undefined && touched.tokens.size === 0) return { ...base, snapshot }
  const judging: Judging = { snapshot, checks: rules.checks, touched, shared: new Map() }
  const groups = new Map<string, Group>()
  const isKnown = changes.every(({ before, after }) => base?.groups.has((before ?? after).namespace) === true)
  for (const namespace of base !== undefined && isKnown ? base.groups.keys() : namespacesOf(snapshot, rules)) {
    groups.set(namespace, judgeGroup(judging, namespace, base?.groups.get(namespace)))
  }
  const isKept = base !== undefined && !isTouched(base.installation.reads, touched.tokens)
  return { snapshot, groups, installation: isKept ? base.installation : observe(snapshot, installationPaths) }
}

/** With other settings, or other evidence, nothing of what was made stands. */
function isComparable(one: Snapshot, other: Snapshot): boolean {
  return isDeepStrictEqual(one.settings, other.settings) && isDeepStrictEqual(one.unreadable, other.unreadable)
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
