import { isDeepStrictEqual } from 'node:util'
import { destinationRulesByNamespace, type NamedDestinationRule } from './destination-rule-index.ts'
import { type ClusterSettings, DISCOVERY_KINDS, discover } from './discovery.ts'
import { getOrAdd } from './map.ts'
import { memoize, type ViewMemo } from './memoize.ts'
import type { Kind, Resource, ResourceOf } from './resource.ts'
import { type Changed, EMPTY_STORE, type ResourceStore, toResourceStore } from './resource-store.ts'
import { DEFAULT_SETTINGS, type Settings } from './settings.ts'
import { VirtualServiceIndex } from './virtual-service-index.ts'
import { isRunning, toWorkload, type Workload } from './workload.ts'

/** Read-only access to the resources of kinds `K` in one snapshot. */
export interface View<K extends Kind = Kind> {
  readonly settings: ClusterSettings
  /** Used only by `memoizeInView`. */
  readonly memo: ViewMemo
  /** Objects of a kind in one namespace, or in all, sorted by namespace and name. */
  list<T extends K>(kind: T, namespace?: string): readonly ResourceOf<T>[]
  get<T extends K>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined
  /** Running gateway pods of all namespaces. Empty if the view does not include pods. */
  gateways(): readonly Workload[]
  /** DestinationRules of all namespaces whose host can match Services of this namespace. */
  destinationRulesIn(namespace: string): readonly NamedDestinationRule[]
  /** VirtualServices of all namespaces with a host that covers this one, in lower case; the oldest first. */
  virtualServicesFor(host: string): readonly ResourceOf<'VirtualService'>[]
  /** VirtualServices of gateways that send requests to this host, or write it into requests; the oldest first. */
  virtualServicesTo(host: string): readonly ResourceOf<'VirtualService'>[]
}

/** Objects of an AdmissionReview, with the fields that the model does not read. */
export interface Sent {
  readonly object: unknown
  readonly oldObject: unknown
}

export type Change = { readonly sent?: Sent | undefined } & (
  | { readonly operation: 'CREATE'; readonly before?: undefined; readonly after: Resource }
  | { readonly operation: 'UPDATE'; readonly before: Resource; readonly after: Resource }
  | { readonly operation: 'DELETE'; readonly before: Resource; readonly after?: undefined }
)

const gatewaysIn = memoize((pods: readonly Resource[]) =>
  pods
    .flatMap(pod => (pod.kind === 'Pod' && isRunning(pod) ? toWorkload(pod) : []))
    .filter(({ proxy }) => proxy === 'gateway')
)
const gatewaysAmong = memoize((pods: ResourceStore) =>
  [...pods.namespaces()].sort().flatMap(namespace => gatewaysIn(pods.list(namespace)))
)

/** Immutable state of a cluster. A change creates another snapshot, which shares unchanged objects. */
export class Snapshot implements View {
  readonly memo: ViewMemo = new Map()
  /** Unreadable kinds, with the reason. Evaluations that read one of them are skipped. */
  readonly unreadable: ReadonlyMap<Kind, string>
  readonly #stores: ReadonlyMap<Kind, ResourceStore>
  readonly #configured: Settings
  #settings: ClusterSettings | undefined
  #virtualServices: VirtualServiceIndex | undefined

  private constructor(
    stores: ReadonlyMap<Kind, ResourceStore>,
    configured: Settings,
    unreadable: ReadonlyMap<Kind, string>,
    settings?: ClusterSettings,
    virtualServices?: VirtualServiceIndex
  ) {
    this.#stores = stores
    this.#configured = configured
    this.#settings = settings
    this.#virtualServices = virtualServices
    this.unreadable = unreadable
  }

  get settings(): ClusterSettings {
    this.#settings ??= discover(kind => this.list(kind), this.#configured)
    return this.#settings
  }

  /** Of two objects with the same name, the later in `resources` takes precedence. */
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
    const store = this.#store(kind)
    // A store has only objects of its kind; the type system cannot follow the kind through the map.
    return (namespace === undefined ? store.all() : store.list(namespace)) as readonly ResourceOf<T>[]
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    return this.#store(kind).get(namespace, name) as ResourceOf<T> | undefined
  }

  gateways(): readonly Workload[] {
    return gatewaysAmong(this.#store('Pod'))
  }

  destinationRulesIn(namespace: string): readonly NamedDestinationRule[] {
    return destinationRulesByNamespace(this.list('DestinationRule'))(this.settings.clusterDomain)(namespace)
  }

  virtualServicesFor(host: string): readonly ResourceOf<'VirtualService'>[] {
    return this.#virtualServiceIndex().covering(host)
  }

  virtualServicesTo(host: string): readonly ResourceOf<'VirtualService'>[] {
    return this.#virtualServiceIndex().sendingTo(host)
  }

  /** Namespaces with objects of a kind. */
  namespaces(kind: Kind): Iterable<string> {
    return this.#store(kind).namespaces()
  }

  /** Objects that differ from a previous state. */
  *diff(previous: Snapshot): Iterable<Changed> {
    for (const kind of new Set([...this.#stores.keys(), ...previous.#stores.keys()])) {
      const [mine, theirs] = [this.#store(kind), previous.#store(kind)]
      if (mine !== theirs) yield* mine.diff(theirs)
    }
  }

  /** State before a change, whether this snapshot already contains the change or lacks the old object. */
  before({ before, after }: Change): Snapshot {
    const { kind, namespace, name } = after ?? before
    const known = this.get(kind, namespace, name)
    if (isDeepStrictEqual(before, known)) return this
    return this.#replace(known, before, { kind, namespace, name })
  }

  /** State in which the objects of a kind, or those of one name, are replaced by these. */
  withAll(kind: Kind, resources: readonly Resource[], name?: string): Snapshot {
    const others = name === undefined ? [] : this.list(kind).filter(one => one.name !== name)
    const virtualServices = kind === 'VirtualService' ? undefined : this.#virtualServices
    return this.#with(kind, toResourceStore([...others, ...resources]), virtualServices)
  }

  /** State with these unreadable kinds. */
  withUnreadable(unreadable: ReadonlyMap<Kind, string>): Snapshot {
    return new Snapshot(this.#stores, this.#configured, unreadable, this.#settings, this.#virtualServices)
  }

  /** State after the change. */
  apply({ before, after }: Change): Snapshot {
    const { kind, namespace, name } = after ?? before
    return this.#replace(this.get(kind, namespace, name), after, { kind, namespace, name })
  }

  #virtualServiceIndex(): VirtualServiceIndex {
    this.#virtualServices ??= VirtualServiceIndex.of(this.list('VirtualService'), this.settings.clusterDomain)
    return this.#virtualServices
  }

  #store(kind: Kind): ResourceStore {
    return this.#stores.get(kind) ?? EMPTY_STORE
  }

  #replace(before: Resource | undefined, after: Resource | undefined, { kind, namespace, name }: Identity): Snapshot {
    const store = this.#store(kind).with(namespace, name, after)
    if (kind !== 'VirtualService') return this.#with(kind, store, this.#virtualServices)
    return this.#with(kind, store, this.#virtualServices?.with(asVirtualService(before), asVirtualService(after)))
  }

  #with(kind: Kind, store: ResourceStore, virtualServices?: VirtualServiceIndex): Snapshot {
    const known = DISCOVERY_KINDS.some(one => one === kind) ? undefined : this.#settings
    const stores = new Map(this.#stores).set(kind, store)
    return new Snapshot(stores, this.#configured, this.unreadable, known, virtualServices)
  }
}

type Identity = Pick<Resource, 'kind' | 'namespace' | 'name'>

const asVirtualService = (object: Resource | undefined) => (object?.kind === 'VirtualService' ? object : undefined)
