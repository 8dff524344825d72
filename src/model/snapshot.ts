import { isDeepStrictEqual } from 'node:util'
import { destinationRulesByNamespace, type NamedDestinationRule } from './destination-rule-index.ts'
import { getOrAdd } from './map.ts'
import { memoize, type ViewMemo } from './memoize.ts'
import type { Kind, Resource, ResourceOf } from './resource.ts'
import { type Changed, EMPTY_STORE, type ResourceStore, toResourceStore } from './resource-store.ts'
import { isRunning, toWorkload, type Workload } from './workload.ts'

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
  /** For `rememberIn` alone. */
  readonly memo: ViewMemo
  /** Objects of a kind in one namespace, or in all, in order of namespace and name. */
  list<T extends K>(kind: T, namespace?: string): readonly ResourceOf<T>[]
  get<T extends K>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined
  /** The running gateways of all namespaces, few among many pods. Only a view of pods has any. */
  gateways(): readonly Workload[]
  /** The DestinationRules of all namespaces whose host may cover Services of this one. */
  rulesIn(namespace: string): readonly NamedDestinationRule[]
}

export type Change =
  | { readonly operation: 'CREATE'; readonly before?: undefined; readonly after: Resource }
  | { readonly operation: 'UPDATE'; readonly before: Resource; readonly after: Resource }
  | { readonly operation: 'DELETE'; readonly before: Resource; readonly after?: undefined }

const gatewaysIn = memoize((pods: readonly Resource[]) =>
  pods
    .flatMap(pod => (pod.kind === 'Pod' && isRunning(pod) ? toWorkload(pod) : []))
    .filter(({ proxy }) => proxy === 'gateway')
)
const gatewaysAmong = memoize((pods: ResourceStore) =>
  [...pods.namespaces()].sort().flatMap(namespace => gatewaysIn(pods.list(namespace)))
)

/** The state of a cluster at one moment. Immutable: a change makes another snapshot, which shares what did not change. */
export class Snapshot implements View {
  readonly settings: Settings
  readonly memo: ViewMemo = new Map()
  /** Kinds that could not be read, and why. What reads one of them cannot be judged. */
  readonly unreadable: ReadonlyMap<Kind, string>
  readonly #shelves: ReadonlyMap<Kind, ResourceStore>

  private constructor(
    stores: ReadonlyMap<Kind, ResourceStore>,
    settings: Settings,
    unreadable: ReadonlyMap<Kind, string>
  ) {
    this.#shelves = stores
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
    return new Snapshot(new Map([...kinds].map(([kind, all]) => [kind, toResourceStore(all)])), settings, unreadable)
  }

  list<T extends Kind>(kind: T, namespace?: string): readonly ResourceOf<T>[] {
    const store = this.#shelf(kind)
    // A shelf holds objects of its kind alone; the type system cannot follow the kind through the map.
    return (namespace === undefined ? store.all() : store.list(namespace)) as readonly ResourceOf<T>[]
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    return this.#shelf(kind).get(namespace, name) as ResourceOf<T> | undefined
  }

  gateways(): readonly Workload[] {
    return gatewaysAmong(this.#shelf('Pod'))
  }

  rulesIn(namespace: string): readonly NamedDestinationRule[] {
    const { anywhere, pinned } = destinationRulesByNamespace(this.list('DestinationRule'))(this.settings.clusterDomain)
    return [...anywhere, ...(pinned.get(namespace) ?? [])]
  }

  /** The namespaces that hold objects of a kind. */
  namespaces(kind: Kind): Iterable<string> {
    return this.#shelf(kind).namespaces()
  }

  /** What is otherwise than in an earlier state. */
  *diff(previous: Snapshot): Iterable<Changed> {
    for (const kind of new Set([...this.#shelves.keys(), ...previous.#shelves.keys()])) {
      const [mine, theirs] = [this.#shelf(kind), previous.#shelf(kind)]
      if (mine !== theirs) yield* mine.diff(theirs)
    }
  }

  /** The state as it was just before a change, whether or not it has seen it already, or not even the old object. */
  before({ before, after }: Change): Snapshot {
    const { kind, namespace, name } = after ?? before
    if (isDeepStrictEqual(before, this.get(kind, namespace, name))) return this
    return this.#with(kind, this.#shelf(kind).with(namespace, name, before))
  }

  /** The state with these objects of a kind, in one namespace or in all, and no others there. */
  withAll(kind: Kind, resources: readonly Resource[], namespace?: string): Snapshot {
    const others = namespace === undefined ? [] : this.list(kind).filter(one => one.namespace !== namespace)
    return this.#with(kind, toResourceStore([...others, ...resources]))
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

  #shelf(kind: Kind): ResourceStore {
    return this.#shelves.get(kind) ?? EMPTY_STORE
  }

  #with(kind: Kind, store: ResourceStore): Snapshot {
    return new Snapshot(new Map(this.#shelves).set(kind, store), this.settings, this.unreadable)
  }
}
