import { isDeepStrictEqual } from 'node:util'
import type { Kind, Resource } from '../../state/resource.ts'
import { type Change, type Settings, Snapshot } from '../../state/snapshot.ts'
import type { Collection } from './collections.ts'
import type { Place } from './watch-event.ts'

/** Beyond so many changes it costs less to lay out the whole kind anew than to apply one after the other. */
const FEW = 16

/**
 * The objects of a cluster as they come in. Changes are gathered, and folded into the snapshot when one is asked for; what
 * changes nothing that the model reads leaves the snapshot, and all that was derived from it, as it is.
 */
export class Store {
  #state: Snapshot
  readonly #pending = new Map<Kind, Map<string, Change>>()
  readonly #counts = new Map<Collection, number>()

  constructor(settings: Settings) {
    this.#state = Snapshot.of([], settings)
  }

  /** The newest state: the same object for as long as nothing changes. */
  snapshot(): Snapshot {
    for (const [kind, changes] of this.#pending) this.#state = applyPending(this.#state, kind, changes)
    this.#pending.clear()
    return this.#state
  }

  count(collection: Collection): number {
    return this.#counts.get(collection) ?? 0
  }

  put(collection: Collection, resource: Resource): void {
    const known = this.#find(collection.kind, resource)
    if (known === undefined) this.#counts.set(collection, this.count(collection) + 1)
    if (!isDeepStrictEqual(known, resource)) this.#gather(resource, { operation: 'CREATE', after: resource })
  }

  remove(collection: Collection, place: Place): void {
    const known = this.#find(collection.kind, place)
    if (known === undefined) return
    this.#counts.set(collection, this.count(collection) - 1)
    this.#gather(known, { operation: 'DELETE', before: known })
  }

  /** The object as it is known already, if it is the same: what was derived from it stays right. */
  reuse(resource: Resource): Resource {
    const known = this.#find(resource.kind, resource)
    return known !== undefined && isDeepStrictEqual(known, resource) ? known : resource
  }

  /** These are all the objects of a collection; others that were known are gone. */
  replace(collection: Collection, resources: readonly Resource[]): void {
    const { kind, namespace } = collection
    const all = new Map(resources.map(resource => [keyOf(resource), resource]))
    const same =
      all.size === this.count(collection) && resources.every(resource => this.#find(kind, resource) === resource)
    this.#counts.set(collection, all.size)
    if (!same) this.#state = this.snapshot().withAll(kind, [...all.values()], namespace)
  }

  #find(kind: Kind, place: Place): Resource | undefined {
    const change = this.#pending.get(kind)?.get(keyOf(place))
    return change === undefined ? this.#state.get(kind, place.namespace, place.name) : change.after
  }

  #gather(resource: Resource, change: Change): void {
    const changes = this.#pending.get(resource.kind) ?? new Map<string, Change>()
    this.#pending.set(resource.kind, changes.set(keyOf(resource), change))
  }
}

function applyPending(state: Snapshot, kind: Kind, changes: ReadonlyMap<string, Change>): Snapshot {
  if (changes.size <= FEW) return [...changes.values()].reduce((before, change) => before.apply(change), state)
  const all = new Map<string, Resource>(state.list(kind).map(resource => [keyOf(resource), resource]))
  for (const [key, { after }] of changes) {
    if (after === undefined) all.delete(key)
    else all.set(key, after)
  }
  return state.withAll(kind, [...all.values()])
}

const keyOf = ({ namespace, name }: Place) => `${namespace}/${name}`
