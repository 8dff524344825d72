import { remember } from '../model/remember.ts'
import type { Kind } from '../model/resource.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { CheckRule } from '../rules/lib/rule.ts'
import { type Found, type Inspected, inspect } from './checks.ts'
import { type ChangedKeys, isAffected, relativeTo, sharedView, track, union } from './dependency-tracking.ts'
import { type Families, familiesOf, skippedByFamilies } from './families.ts'
import type { Skip } from './finding.ts'
import { judgeKin, type Kin, PATHS, type Shared } from './kin.ts'

/** All judgements about the objects of one namespace. */
export interface Group {
  readonly families: Families
  /** By likeness. */
  readonly kin: ReadonlyMap<string, Kin>
  /** What each check came to with the objects of a kind, by rule and kind. */
  readonly inspected: ReadonlyMap<string, Inspected>
  /** Of all checks. */
  readonly found: readonly Found[]
  readonly skipped: readonly Skip[]
}

/** Everything that any of these was made from. Most groups go before anybody asks. */
export const readsOf = remember(({ families, kin, inspected }: Group) =>
  union([families.surroundings, families.traits, ...kin.values(), ...inspected.values()])
)

/** Checks by what they look at. Those of models are made for a family; of other kinds, for all objects of a namespace. */
const sorted = remember((checks: readonly CheckRule[]) => ({
  ofModels: checks.filter(({ on }) => on.includes('InferenceService')),
  ofOthers: checks.flatMap(rule =>
    rule.on.flatMap(kind => (kind === 'InferenceService' ? [] : [{ rule, kind, key: `${rule.id} ${kind}` }]))
  )
}))

/** What is the same for all namespaces that are judged together. */
export interface Judging {
  readonly snapshot: Snapshot
  readonly checks: readonly CheckRule[]
  /** What has changed since the earlier judgement. */
  readonly changedKeys: ChangedKeys
  readonly shared: Shared
}

/** Judges a namespace; of an earlier judgement it takes over what was made from nothing that has been touched since. */
export function judgeGroup(judging: Judging, namespace: string, earlier: Group | undefined): Group {
  const { snapshot, checks, shared } = judging
  const changedKeys = relativeTo(namespace, judging.changedKeys)
  if (earlier !== undefined && !isAffected(readsOf(earlier), changedKeys)) return earlier
  const families = familiesOf(snapshot, namespace, earlier?.families, changedKeys)
  const { ofModels, ofOthers } = sorted(checks)
  const view = sharedView(snapshot, namespace)
  const kin = new Map<string, Kin>()
  for (const [likeness, members] of families.byLikeness) {
    const key = `${families.surroundings.value?.likeness} ${likeness}`
    kin.set(likeness, judgeKin(snapshot, view, members, ofModels, earlier?.kin.get(likeness), changedKeys, shared, key))
  }
  const inspected = new Map<string, Inspected>()
  for (const { rule, kind, key } of ofOthers) {
    const known = earlier?.inspected.get(key)
    const isKept = known !== undefined && !isAffected(known.dependencies, changedKeys)
    inspected.set(key, isKept ? known : inspectAll(snapshot, rule, kind, namespace))
  }
  const judged = [...kin.values(), ...inspected.values()]
  const skipped = [...skippedByFamilies(families, PATHS), ...judged.flatMap(({ skipped }) => skipped)]
  const found = judged.flatMap(one => one.found)
  return { families, kin, inspected, found, skipped }
}

function inspectAll(snapshot: Snapshot, rule: CheckRule, kind: Kind, namespace: string): Inspected {
  const view = sharedView(snapshot, namespace)
  const listed = track(snapshot, seen => seen.list(kind, namespace), namespace, view)
  const { found, skipped, dependencies } = inspect(snapshot, rule, listed.value ?? [], view)
  const skips = listed.skip === undefined ? skipped : [...skipped, { rule: rule.id, ...listed.skip }]
  return { found, skipped: skips, dependencies: union([{ dependencies }, listed]) }
}
