import type { InferenceService } from '../model/inference-service.ts'
import { getOrAdd } from '../model/shelf.ts'
import type { Snapshot, View } from '../model/snapshot.ts'
import { namespaceLikeness, type Words, wordsFor, wordsOfOne } from '../model/surroundings.ts'
import { likenessOf, type Traits, traitsOf } from '../model/traits.ts'
import { type DependencyKey, isAffected, type Tracked, track } from './dependency-tracking.ts'
import type { Skip } from './finding.ts'

/** At least one InferenceService, in order of name. */
export type Members = readonly [InferenceService, ...InferenceService[]]

/** The InferenceServices of a namespace, by what they are like: those of one family fare alike. */
export interface Families {
  readonly byLikeness: ReadonlyMap<string, Members>
  /** By what was known of each. */
  readonly likeness: ReadonlyMap<Traits, string>
  /** What tells its models apart, and what the namespace itself is like. */
  readonly surroundings: Tracked<{ readonly words: Words; readonly likeness: string }>
  readonly traits: Tracked<ReadonlyMap<InferenceService, Traits>>
}

/** Sorts the models of a namespace; of an earlier sorting it takes over what nothing has touched since. */
export function familiesOf(
  snapshot: Snapshot,
  namespace: string,
  earlier: Families | undefined,
  changedKeys: ReadonlySet<DependencyKey>
): Families {
  const surroundings = reuseOrCompute(earlier?.surroundings, changedKeys, () =>
    track(
      snapshot,
      view => ({ words: wordsFor(view, namespace), likeness: namespaceLikeness(view, namespace) }),
      namespace
    )
  )
  const traits = reuseOrCompute(earlier?.traits, changedKeys, () => {
    const others = new Set([...changedKeys].filter(key => !key.startsWith('InferenceService ')))
    const describeWith = (known?: ReadonlyMap<InferenceService, Traits>) =>
      track(snapshot, view => describe(view, namespace, known), namespace)
    if (earlier === undefined || isAffected(earlier.traits.dependencies, others)) return describeWith()
    // Where the models alone have changed, those that have not are as they were.
    const tracked = describeWith(earlier.traits.value)
    return { ...tracked, dependencies: new Set([...tracked.dependencies, ...earlier.traits.dependencies]) }
  })
  const words = surroundings.value?.words
  const known = earlier === undefined ? new Map<Traits, string>() : stillLike(earlier, words)
  if (earlier?.traits === traits && known.size === traits.value?.size) return { ...earlier, surroundings, traits }
  return { ...sort(traits.value, words, known), surroundings, traits }
}

/** The likeness of models of which nothing is told now that was not, and the other way round. */
function stillLike({ likeness, surroundings }: Families, words: Words | undefined): ReadonlyMap<Traits, string> {
  const earlier = surroundings.value?.words
  if (earlier === undefined || words === undefined) return new Map()
  const changed = wordsOfOne(earlier, words)
  if (changed === undefined) return likeness
  const others = [...likeness.keys()].filter(own => likenessOf(own, changed) !== own.always)
  if (others.length === 0) return likeness
  const known = new Map(likeness)
  for (const own of others) known.delete(own)
  return known
}

function reuseOrCompute<T>(
  earlier: Tracked<T> | undefined,
  changedKeys: ReadonlySet<DependencyKey>,
  make: () => Tracked<T>
): Tracked<T> {
  return earlier !== undefined && !isAffected(earlier.dependencies, changedKeys) ? earlier : make()
}

function describe(view: View, namespace: string, known: ReadonlyMap<InferenceService, Traits> = new Map()) {
  // Most models are like another, and what they have in common need be kept but once.
  const kept = new Map<string, string>()
  for (const { always } of known.values()) kept.set(always, always)
  const describeOne = (service: InferenceService): Traits => {
    const { always, ...own } = traitsOf(view, service)
    return { ...own, always: getOrAdd(kept, always, () => always) }
  }
  const described = new Map<InferenceService, Traits>()
  for (const service of view.list('InferenceService', namespace)) {
    described.set(service, known.get(service) ?? describeOne(service))
  }
  return described
}

/** Where something could not be read there are no families: nothing can be said of their models. */
function sort(
  traits: ReadonlyMap<InferenceService, Traits> | undefined,
  words: Words | undefined,
  known: ReadonlyMap<Traits, string>
): Pick<Families, 'byLikeness' | 'likeness'> {
  const byLikeness = new Map<string, [InferenceService, ...InferenceService[]]>()
  const likeness = new Map<Traits, string>()
  if (traits === undefined || words === undefined) return { byLikeness, likeness }
  for (const [service, own] of traits) {
    const like = known.get(own) ?? likenessOf(own, words)
    likeness.set(own, like)
    const family = byLikeness.get(like)
    if (family === undefined) byLikeness.set(like, [service])
    else family.push(service)
  }
  return { byLikeness, likeness }
}

/** What could not be read, and so left models without a judgement. */
export function skippedByFamilies({ surroundings, traits }: Families, rule: string): readonly Skip[] {
  return [surroundings.skip, traits.skip].flatMap(skip => (skip === undefined ? [] : [{ rule, ...skip }]))
}
