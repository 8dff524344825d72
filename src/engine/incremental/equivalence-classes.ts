import type { InferenceService } from '../../kserve/inference-service.ts'
import { getOrAdd } from '../../state/map.ts'
import type { Snapshot, View } from '../../state/snapshot.ts'
import { attributesOf, fingerprintOf, type ModelAttributes } from '../../subject/model-fingerprint.ts'
import {
  type Discriminators,
  discriminatorDiff,
  discriminatorsFor,
  namespaceFingerprint
} from '../../subject/namespace-discriminators.ts'
import { type DependencyKey, isAffected, type Tracked, track } from './dependency-tracking.ts'
import { skipsOf } from './skip.ts'

/** At least one InferenceService, in order of name. */
export type Members = readonly [InferenceService, ...InferenceService[]]

/** Partition of a namespace's InferenceServices; members of a class have equal paths and check results. */
export interface EquivalenceClasses {
  readonly byFingerprint: ReadonlyMap<string, Members>
  /** Fingerprint by the attributes of each model. */
  readonly fingerprints: ReadonlyMap<ModelAttributes, string>
  /** Discriminators in scope of the namespace, and the fingerprint of the namespace itself. */
  readonly namespaceScope: Tracked<{ readonly discriminators: Discriminators; readonly fingerprint: string }>
  readonly attributes: Tracked<ReadonlyMap<InferenceService, ModelAttributes>>
}

/**
 * Partitions a namespace's InferenceServices into equivalence classes, reusing the previous partition where no
 * dependency changed.
 */
export function partitionModels(
  snapshot: Snapshot,
  namespace: string,
  previous: EquivalenceClasses | undefined,
  changedKeys: ReadonlySet<DependencyKey>
): EquivalenceClasses {
  const namespaceScope = reuseOrCompute(previous?.namespaceScope, changedKeys, () =>
    track(
      snapshot,
      view => ({
        discriminators: discriminatorsFor(view, namespace),
        fingerprint: namespaceFingerprint(view, namespace)
      }),
      namespace
    )
  )
  const attributes = reuseOrCompute(previous?.attributes, changedKeys, () => {
    const others = new Set([...changedKeys].filter(key => !key.startsWith('InferenceService ')))
    const describeWith = (known?: ReadonlyMap<InferenceService, ModelAttributes>) =>
      track(snapshot, view => describe(view, namespace, known), namespace)
    if (previous === undefined || isAffected(previous.attributes.dependencies, others)) return describeWith()
    // If only InferenceServices changed, the attributes of unchanged ones are still valid.
    const tracked = describeWith(previous.attributes.value)
    return { ...tracked, dependencies: new Set([...tracked.dependencies, ...previous.attributes.dependencies]) }
  })
  const discriminators = namespaceScope.value?.discriminators
  const known =
    previous === undefined ? new Map<ModelAttributes, string>() : reusableFingerprints(previous, discriminators)
  if (previous?.attributes === attributes && known.size === attributes.value?.size)
    return { ...previous, namespaceScope, attributes }
  return { ...groupByFingerprint(attributes.value, discriminators, known), namespaceScope, attributes }
}

/** Fingerprints of models that no added or removed discriminator matches. */
function reusableFingerprints(
  { fingerprints, namespaceScope }: EquivalenceClasses,
  discriminators: Discriminators | undefined
): ReadonlyMap<ModelAttributes, string> {
  const previous = namespaceScope.value?.discriminators
  if (previous === undefined || discriminators === undefined) return new Map()
  const changed = discriminatorDiff(previous, discriminators)
  if (changed === undefined) return fingerprints
  const others = [...fingerprints.keys()].filter(own => fingerprintOf(own, changed) !== own.baseFingerprint)
  if (others.length === 0) return fingerprints
  const known = new Map(fingerprints)
  for (const own of others) known.delete(own)
  return known
}

function reuseOrCompute<T>(
  previous: Tracked<T> | undefined,
  changedKeys: ReadonlySet<DependencyKey>,
  make: () => Tracked<T>
): Tracked<T> {
  return previous !== undefined && !isAffected(previous.dependencies, changedKeys) ? previous : make()
}

function describe(view: View, namespace: string, known: ReadonlyMap<InferenceService, ModelAttributes> = new Map()) {
  // Most models share their fingerprint with others: keep one copy of each string.
  const interned = new Map<string, string>()
  for (const { baseFingerprint } of known.values()) interned.set(baseFingerprint, baseFingerprint)
  const describeOne = (service: InferenceService): ModelAttributes => {
    const { baseFingerprint, ...own } = attributesOf(view, service)
    return { ...own, baseFingerprint: getOrAdd(interned, baseFingerprint, () => baseFingerprint) }
  }
  const described = new Map<InferenceService, ModelAttributes>()
  for (const service of view.list('InferenceService', namespace)) {
    described.set(service, known.get(service) ?? describeOne(service))
  }
  return described
}

/** Empty if a dependency could not be read: then no model is evaluated. */
function groupByFingerprint(
  attributes: ReadonlyMap<InferenceService, ModelAttributes> | undefined,
  discriminators: Discriminators | undefined,
  known: ReadonlyMap<ModelAttributes, string>
): Pick<EquivalenceClasses, 'byFingerprint' | 'fingerprints'> {
  const byFingerprint = new Map<string, [InferenceService, ...InferenceService[]]>()
  const fingerprints = new Map<ModelAttributes, string>()
  if (attributes === undefined || discriminators === undefined) return { byFingerprint, fingerprints }
  for (const [service, own] of attributes) {
    const fingerprint = known.get(own) ?? fingerprintOf(own, discriminators)
    fingerprints.set(own, fingerprint)
    const members = byFingerprint.get(fingerprint)
    if (members === undefined) byFingerprint.set(fingerprint, [service])
    else members.push(service)
  }
  return { byFingerprint, fingerprints }
}

/** Reasons why the models of the namespace were not evaluated. */
export const partitionSkips = ({ namespaceScope, attributes }: EquivalenceClasses, rule: string) =>
  skipsOf(rule, [namespaceScope, attributes])
