import { isDeepStrictEqual } from 'node:util'
import type { Kind, Resource } from '../../state/resource.ts'
import type { Settings } from '../../state/settings.ts'
import { type Change, Snapshot } from '../../state/snapshot.ts'
import type { Collection } from './collections.ts'
import type { NamespacedName } from './watch-event.ts'

/** Above this number of changes, rebuilding the kind is cheaper than applying them one by one. */
const BULK_THRESHOLD = 16

/**
 * Objects of a cluster. Changes are collected and applied when a snapshot is requested. A change of fields that the model
 * does not read keeps the snapshot, and everything memoized for it.
 */
export class Store {
  #state: Snapshot
  readonly #pending = new Map<Kind, Map<string, Change>>()
  readonly #counts = new Map<Collection, number>()

  constructor(settings: Settings) {
    this.#state = Snapshot.of([], settings)
  }

  /** @returns the same snapshot until an object changes */
  snapshot(): Snapshot {
    for (const [kind, changes] of this.#pending) this.#state = applyPending(this.#state, kind, changes)
    this.#pending.clear()
    return this.#state
  }

  count(collection: Collection): number {
    return this.#counts.get(collection) ?? 0
  }

  upsert(collection: Collection, resource: Resource): void {
    const stored = this.#find(collection.kind, resource)
    if (stored === undefined) this.#counts.set(collection, this.count(collection) + 1)
    if (!isDeepStrictEqual(stored, resource)) this.#addPending(resource, { operation: 'CREATE', after: resource })
  }

  delete(collection: Collection, key: NamespacedName): void {
    const stored = this.#find(collection.kind, key)
    if (stored === undefined) return
    this.#counts.set(collection, this.count(collection) - 1)
    this.#addPending(stored, { operation: 'DELETE', before: stored })
  }

  /** The stored object if it is equal, so that values memoized for it stay valid. */
  reuse(resource: Resource): Resource {
    const stored = this.#find(resource.kind, resource)
    return stored !== undefined && isDeepStrictEqual(stored, resource) ? stored : resource
  }

  /** Replaces all objects of a collection. */
  replace(collection: Collection, resources: readonly Resource[]): void {
    const { kind, name } = collection
    const all = new Map(resources.map(resource => [keyOf(resource), resource]))
    const isSame =
      all.size === this.count(collection) && resources.every(resource => this.#find(kind, resource) === resource)
    this.#counts.set(collection, all.size)
    if (!isSame) this.#state = this.snapshot().withAll(kind, [...all.values()], name)
  }

  #find(kind: Kind, key: NamespacedName): Resource | undefined {
    const change = this.#pending.get(kind)?.get(keyOf(key))
    return change === undefined ? this.#state.get(kind, key.namespace, key.name) : change.after
  }

  #addPending(resource: Resource, change: Change): void {
    const changes = this.#pending.get(resource.kind) ?? new Map<string, Change>()
    this.#pending.set(resource.kind, changes.set(keyOf(resource), change))
  }
}

function applyPending(state: Snapshot, kind: Kind, changes: ReadonlyMap<string, Change>): Snapshot {
  if (changes.size <= BULK_THRESHOLD)
    return [...changes.values()].reduce((before, change) => before.apply(change), state)
  const all = new Map<string, Resource>(state.list(kind).map(resource => [keyOf(resource), resource]))
  for (const [key, { after }] of changes) {
    if (after === undefined) all.delete(key)
    else all.set(key, after)
  }
  return state.withAll(kind, [...all.values()])
}

const keyOf = ({ namespace, name }: NamespacedName) => `${namespace}/${name}`
