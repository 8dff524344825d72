import type { Kind, Resource, ResourceOf } from './resource.ts'

/** What the administrator says about the installation; what is absent is read from the cluster's own configuration. */
export interface Settings {
  readonly rootNamespace?: string | undefined
  readonly trustDomain?: string | undefined
  readonly clusterDomain: string
  readonly istioNamespace: string
  readonly knativeNamespace: string
  readonly kserveNamespace: string
}

export const DEFAULT_SETTINGS: Settings = {
  clusterDomain: 'cluster.local',
  istioNamespace: 'istio-system',
  knativeNamespace: 'knative-serving',
  kserveNamespace: 'kserve'
}

/** A keyhole on the state: the kinds `K` and nothing else. */
export interface View<K extends Kind = Kind> {
  readonly settings: Settings
  /** Objects of a kind in one namespace, or in all, in order of namespace and name. */
  list<T extends K>(kind: T, namespace?: string): readonly ResourceOf<T>[]
  get<T extends K>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined
}

export type Change =
  | { readonly operation: 'CREATE'; readonly before?: undefined; readonly after: Resource }
  | { readonly operation: 'UPDATE'; readonly before: Resource; readonly after: Resource }
  | { readonly operation: 'DELETE'; readonly before: Resource; readonly after?: undefined }

const NONE: readonly never[] = []
const byName = (a: Resource, b: Resource) => (a.name < b.name ? -1 : 1)

/** The objects of one kind, by namespace; a change copies the one namespace it touches and shares the rest. */
class Shelf {
  readonly #namespaces: ReadonlyMap<string, ReadonlyMap<string, Resource>>
  readonly #lists = new Map<string, readonly Resource[]>()
  #all: readonly Resource[] | undefined

  constructor(
    namespaces: ReadonlyMap<string, ReadonlyMap<string, Resource>>,
    lists?: Map<string, readonly Resource[]>
  ) {
    this.#namespaces = namespaces
    if (lists !== undefined) this.#lists = lists
  }

  get(namespace: string, name: string): Resource | undefined {
    return this.#namespaces.get(namespace)?.get(name)
  }

  list(namespace: string): readonly Resource[] {
    const known = this.#lists.get(namespace)
    if (known !== undefined) return known
    const objects = this.#namespaces.get(namespace)
    const list = objects === undefined ? NONE : [...objects.values()].sort(byName)
    this.#lists.set(namespace, list)
    return list
  }

  all(): readonly Resource[] {
    this.#all ??= [...this.#namespaces.keys()].sort().flatMap(namespace => this.list(namespace))
    return this.#all
  }

  with(namespace: string, name: string, object: Resource | undefined): Shelf {
    const objects = new Map(this.#namespaces.get(namespace))
    if (object === undefined) objects.delete(name)
    else objects.set(name, object)
    const lists = new Map(this.#lists)
    lists.delete(namespace)
    return new Shelf(new Map(this.#namespaces).set(namespace, objects), lists)
  }
}

const EMPTY = new Shelf(new Map())

/** The state of a cluster at one moment. Immutable: a change makes another snapshot, which shares what did not change. */
export class Snapshot implements View {
  readonly settings: Settings
  /** Kinds that could not be read, and why. What reads one of them cannot be judged. */
  readonly unreadable: ReadonlyMap<Kind, string>
  readonly #shelves: ReadonlyMap<Kind, Shelf>

  private constructor(shelves: ReadonlyMap<Kind, Shelf>, settings: Settings, unreadable: ReadonlyMap<Kind, string>) {
    this.#shelves = shelves
    this.settings = settings
    this.unreadable = unreadable
  }

  /** Of two objects with one name, the later in `resources` counts. */
  static of(
    resources: Iterable<Resource>,
    settings: Settings = DEFAULT_SETTINGS,
    unreadable: ReadonlyMap<Kind, string> = new Map()
  ): Snapshot {
    const kinds = new Map<Kind, Resource[]>()
    for (const resource of resources) getOrAdd<Kind, Resource[]>(kinds, resource.kind, () => []).push(resource)
    return new Snapshot(new Map([...kinds].map(([kind, all]) => [kind, toShelf(all)])), settings, unreadable)
  }

  list<T extends Kind>(kind: T, namespace?: string): readonly ResourceOf<T>[] {
    const shelf = this.#shelf(kind)
    // A shelf holds objects of its kind alone; the type system cannot follow the kind through the map.
    return (namespace === undefined ? shelf.all() : shelf.list(namespace)) as readonly ResourceOf<T>[]
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    return this.#shelf(kind).get(namespace, name) as ResourceOf<T> | undefined
  }

  /** The state as it was just before a change, whether or not it has seen it already, or not even the old object. */
  before({ before, after }: Change): Snapshot {
    const { kind, namespace, name } = after ?? before
    return this.#with(kind, this.#shelf(kind).with(namespace, name, before))
  }

  /** The state with these objects of a kind, in one namespace or in all, and no others there. */
  withAll(kind: Kind, resources: readonly Resource[], namespace?: string): Snapshot {
    const others = namespace === undefined ? [] : this.list(kind).filter(one => one.namespace !== namespace)
    return this.#with(kind, toShelf([...others, ...resources]))
  }

  /** The state with what is known about kinds that cannot be read. */
  withUnreadable(unreadable: ReadonlyMap<Kind, string>): Snapshot {
    return new Snapshot(this.#shelves, this.settings, unreadable)
  }

  /** The state after the change. */
  apply({ before, after }: Change): Snapshot {
    const { kind, namespace, name } = after ?? before
    return this.#with(kind, this.#shelf(kind).with(namespace, name, after))
  }

  #shelf(kind: Kind): Shelf {
    return this.#shelves.get(kind) ?? EMPTY
  }

  #with(kind: Kind, shelf: Shelf): Snapshot {
    return new Snapshot(new Map(this.#shelves).set(kind, shelf), this.settings, this.unreadable)
  }
}

function toShelf(resources: Iterable<Resource>): Shelf {
  const namespaces = new Map<string, Map<string, Resource>>()
  for (const resource of resources) {
    getOrAdd(namespaces, resource.namespace, () => new Map<string, Resource>()).set(resource.name, resource)
  }
  return new Shelf(namespaces)
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
