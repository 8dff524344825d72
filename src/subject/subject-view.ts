import type { NamedDestinationRule } from '../state/destination-rule-index.ts'
import type { ClusterSettings } from '../state/discovery.ts'
import { getOrAdd } from '../state/map.ts'
import type { ViewMemo } from '../state/memoize.ts'
import type { Kind, ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { type ReducedObjects, reduceObjects, type Subject } from './normal-form.ts'
import { isOwnKind } from './own-kinds.ts'
import { isHidden, type OwnObjects } from './own-objects.ts'
import type { WordIndex } from './word-index.ts'

/**
 * All that the evaluation of a model can see: the model's own objects as in its normal form, the objects of its namespace that belong
 * to no model, and all other namespaces.
 */
export class SubjectView implements View {
  readonly settings: ClusterSettings
  readonly memo: ViewMemo = new Map()
  /** The view that it shows a part of. */
  readonly whole: View
  /** The model as its evaluation sees it. */
  readonly subject: ResourceOf<'InferenceService'>
  readonly #own: ReducedObjects
  readonly #callers: readonly ResourceOf<'Pod'>[]
  readonly #isHidden: (object: { readonly kind: string }) => boolean
  readonly #lists = new Map<Kind, readonly object[]>()

  constructor(whole: View, subject: Subject, namespace: OwnObjects, words: WordIndex) {
    this.settings = whole.settings
    this.whole = whole
    this.#own = reduceObjects(subject, words)
    this.subject = this.#own.model
    this.#callers = namespace.callers
    const own = new Set<object>(subject.objects)
    this.#isHidden = object => isHidden(namespace, object) || own.has(object)
  }

  get view(): View {
    return this
  }

  list<T extends Kind>(kind: T, namespace?: string): readonly ResourceOf<T>[] {
    const all: readonly ResourceOf<T>[] = this.whole.list(kind, namespace)
    const own = this.subject.namespace
    if (!isOwnKind(kind) || (namespace !== undefined && namespace !== own)) return all
    if (namespace === undefined) return [...all.filter(one => one.namespace !== own), ...this.list(kind, own)]
    const list = getOrAdd<Kind, readonly object[]>(this.#lists, kind, () => [
      ...(kind === 'Pod' ? this.#callers : []),
      ...this.#own.shown.filter(one => one.kind === kind),
      ...all.filter(one => !this.#isHidden(one))
    ])
    // It has only objects of its kind.
    return list as readonly ResourceOf<T>[]
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    return this.#show(this.whole.get(kind, namespace, name))
  }

  /** The object as the evaluation sees it. */
  #show<T extends Kind>(object: ResourceOf<T> | undefined): ResourceOf<T> | undefined {
    if (object === undefined || object.namespace !== this.subject.namespace || !this.#isHidden(object)) return object
    // The objects under a kind are of this kind.
    return this.#own.byName.get(`${object.kind} ${object.name}`) as ResourceOf<T> | undefined
  }

  gateways(): readonly Workload[] {
    return this.whole.gateways()
  }

  destinationRulesIn(namespace: string): readonly NamedDestinationRule[] {
    return this.whole.destinationRulesIn(namespace)
  }

  virtualServicesFor(host: string): readonly ResourceOf<'VirtualService'>[] {
    return this.whole.virtualServicesFor(host).flatMap(one => this.#show(one) ?? [])
  }

  virtualServicesTo(host: string): readonly ResourceOf<'VirtualService'>[] {
    return this.whole.virtualServicesTo(host).flatMap(one => this.#show(one) ?? [])
  }
}
