import type { InferenceService } from '../../kserve/inference-service.ts'
import { getKnown } from '../../state/map.ts'
import type { Snapshot } from '../../state/snapshot.ts'
import { namespaceForm } from '../../subject/namespace-form.ts'
import { formOf, type Subject } from '../../subject/normal-form.ts'
import { NO_OBJECTS } from '../../subject/own-objects.ts'
import type { SubjectChange, Subjects } from '../../subject/subjects.ts'
import type { WordIndex } from '../../subject/word-index.ts'

/** At least one InferenceService, in order of name. */
export type Members = readonly [InferenceService, ...InferenceService[]]

/** Partition of a namespace's InferenceServices; members of a class have equal paths and check results. */
export interface EquivalenceClasses {
  /** By normal form, with what other objects match on of the names. */
  readonly byFingerprint: ReadonlyMap<string, Members>
  /** Normal form of the namespace without its models. */
  readonly namespaceForm: string
  readonly subjects: ReadonlyMap<InferenceService, KnownSubject>
}

interface KnownSubject extends Subject {
  readonly form: string
  /** What other objects match on of its name. */
  readonly relation: string
}

/** Input of a partition that is equal for all namespaces. */
export interface PartitionContext {
  readonly snapshot: Snapshot
  readonly subjects: Subjects
  /** Since the previous partition; absent if nothing is known of it. */
  readonly subjectChange: SubjectChange | undefined
}

/** Partitions a namespace's InferenceServices, reusing the normal forms that the change does not concern. */
export function partitionModels(
  { snapshot, subjects: { byNamespace, words }, subjectChange }: PartitionContext,
  namespace: string,
  previous: EquivalenceClasses | undefined
): EquivalenceClasses {
  const own = byNamespace.get(namespace) ?? NO_OBJECTS
  const subjects = new Map<InferenceService, KnownSubject>()
  const byFingerprint = new Map<string, [InferenceService, ...InferenceService[]]>()
  for (const model of snapshot.list('InferenceService', namespace)) {
    const subject = { model, objects: getKnown(own.byModel, model.name) }
    const known = toKnown(subject, words, previous?.subjects.get(model), subjectChange)
    subjects.set(model, known)
    const fingerprint = `${known.form} ${known.relation}`
    const members = byFingerprint.get(fingerprint)
    if (members === undefined) byFingerprint.set(fingerprint, [model])
    else members.push(model)
  }
  const isSame = previous !== undefined && hasSameMembers(previous.byFingerprint, byFingerprint)
  return {
    byFingerprint: isSame ? previous.byFingerprint : byFingerprint,
    namespaceForm: subjects.size === 0 ? '' : namespaceForm(snapshot, namespace, own, words),
    subjects
  }
}

function toKnown(
  subject: Subject,
  words: WordIndex,
  previous: KnownSubject | undefined,
  change: SubjectChange | undefined
): KnownSubject {
  const { name, namespace } = subject.model
  const known = previous !== undefined && hasSame(previous.objects, subject.objects) ? previous : undefined
  const isReshaped = known === undefined || change === undefined || change.isReshaped(known)
  const isRelated = known === undefined || change === undefined || change.isRelated(name)
  if (!isReshaped && !isRelated) return known
  return {
    ...subject,
    form: isReshaped ? formOf(subject, words) : known.form,
    relation: isRelated ? words.relationOf(name, namespace) : known.relation
  }
}

function hasSameMembers(
  some: EquivalenceClasses['byFingerprint'],
  others: EquivalenceClasses['byFingerprint']
): boolean {
  return some.size === others.size && [...others].every(([key, members]) => hasSame(some.get(key) ?? [], members))
}

/** True if both lists have the same objects in the same order. */
export function hasSame<T>(some: readonly T[], others: readonly T[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i])
}
