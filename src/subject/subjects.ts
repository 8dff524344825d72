import { memoize } from '../state/memoize.ts'
import { KINDS, type Kind, type Resource } from '../state/resource.ts'
import type { Changed } from '../state/resource-store.ts'
import type { Snapshot } from '../state/snapshot.ts'
import type { TextDiff } from './counts.ts'
import { isReshaped, type Subject } from './normal-form.ts'
import { isOwnKind, OWN_KINDS } from './own-kinds.ts'
import { isHidden, NO_OBJECTS, type OwnObjects, ownObjectsIn } from './own-objects.ts'
import { WordIndex } from './word-index.ts'
import { lookupName, TEMPLATE, type Words } from './words.ts'

/** Objects of all models, and the words of all others. */
export interface Subjects {
  readonly byNamespace: ReadonlyMap<string, OwnObjects>
  readonly words: WordIndex
}

/** What a change of the state can change for the models of a namespace. */
export interface SubjectChange {
  /** Objects that belong to a model only before or only after the change, but are the same. */
  readonly moved: readonly Resource[]
  /** Namespaces whose models have other objects, or names or labels that changed words match. */
  readonly namespaces: ReadonlySet<string>
  /** True if the normal form of a model can differ. */
  readonly isReshaped: (subject: Subject) => boolean
  /** True if other objects can match on other parts of a name. */
  readonly isRelated: (name: string) => boolean
}

export function subjectsOf(snapshot: Snapshot): Subjects {
  const byNamespace = new Map(
    [...snapshot.namespaces('InferenceService')].map(one => [one, ownObjectsIn(snapshot, one)])
  )
  const isCommon = (object: Resource) => !isHidden(byNamespace.get(object.namespace) ?? NO_OBJECTS, object)
  const all = (Object.keys(KINDS) as Kind[]).flatMap(kind => snapshot.list(kind).filter(isCommon))
  return { byNamespace, words: WordIndex.of(all) }
}

export function changeSubjects(
  previous: Subjects,
  snapshot: Snapshot,
  changes: readonly Changed[]
): { readonly subjects: Subjects; readonly change: SubjectChange } {
  const byNamespace = new Map(previous.byNamespace)
  const changedNamespaces = new Set(
    changes.flatMap(({ before, after }) => (isOwnKind((before ?? after).kind) ? (before ?? after).namespace : []))
  )
  for (const namespace of changedNamespaces) {
    byNamespace.set(namespace, ownObjectsIn(snapshot, namespace, previous.byNamespace.get(namespace)))
  }
  const wasCommon = (object: Resource) => !isHidden(previous.byNamespace.get(object.namespace) ?? NO_OBJECTS, object)
  const isCommon = (object: Resource) => !isHidden(byNamespace.get(object.namespace) ?? NO_OBJECTS, object)
  const changed = new Set(changes.flatMap(({ before, after }) => [before ?? [], after ?? []].flat()))
  const regrouped = [...changedNamespaces].filter(
    one => byNamespace.get(one)?.hidden !== previous.byNamespace.get(one)?.hidden
  )
  const moved = regrouped.flatMap(namespace =>
    OWN_KINDS.flatMap(kind =>
      snapshot.list(kind, namespace).filter(object => !changed.has(object) && wasCommon(object) !== isCommon(object))
    )
  )
  const added = [...changes.flatMap(({ after }) => after ?? []), ...moved].filter(isCommon)
  const removed = [...changes.flatMap(({ before }) => before ?? []), ...moved].filter(wasCommon)
  const { index: words, diff } = previous.words.with(added, removed)
  const isRelated = !diff.patterns.isEmpty
  const blocks = { before: previous.words, after: diff.blocks.isEmpty ? previous.words : words }
  const isAll = isRelated || blocks.before !== blocks.after
  const namespaces = new Set(changedNamespaces)
  for (const [namespace, own] of byNamespace) {
    if (!namespaces.has(namespace) && (isAll || isConcerned(namespace, own, diff))) namespaces.add(namespace)
  }
  return {
    subjects: { byNamespace, words },
    change: {
      moved,
      namespaces,
      isReshaped: subject => words.hasRevisions !== previous.words.hasRevisions || isReshaped(subject, diff, blocks),
      isRelated: name => isRelated || diff.names.has(lookupName(name))
    }
  }
}

function isConcerned(namespace: string, own: OwnObjects, { names, values }: Words<TextDiff>): boolean {
  const known = namesAndLabels(own)
  return names.has(lookupName(namespace)) || names.intersects(known.names) || values.intersects(known.labels)
}

/** Names of models, and keys and values of all labels and annotations of their objects. */
const namesAndLabels = memoize(({ byModel }: OwnObjects) => {
  const labels = new Set<string>()
  for (const objects of byModel.values()) for (const object of objects) addLabels(labels, object)
  return { names: new Set([...byModel.keys()].map(lookupName)), labels }
})

function addLabels(labels: Set<string>, value: unknown, isLabels = false): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, one] of Object.entries(value)) {
    if (isLabels) labels.add(key).add(`${TEMPLATE}${key}`)
    if (isLabels && typeof one === 'string') labels.add(one)
    addLabels(labels, one, key === 'labels' || key === 'annotations')
  }
}
