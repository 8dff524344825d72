import { type NamedDestinationRule, namespaceOfHost } from '../../state/destination-rule-index.ts'
import type { ClusterSettings } from '../../state/discovery.ts'
import { getOrAdd } from '../../state/map.ts'
import type { ViewMemo } from '../../state/memoize.ts'
import type { Kind, Resource, ResourceOf } from '../../state/resource.ts'
import type { Changed } from '../../state/resource-store.ts'
import type { Snapshot, View } from '../../state/snapshot.ts'
import { hostsOf } from '../../state/virtual-service-index.ts'
import { toWorkload, type Workload } from '../../state/workload.ts'
import { messageOf } from '../../text/error-message.ts'
import { isWildcard, toFullName } from '../../text/host.ts'
import { BudgetExceeded, checkBudget } from './budget.ts'
import { type Skip, withCurrentReason } from './skip.ts'

/**
 * A kind, one namespace of a kind, or one object that an evaluation reads or a change affects. Keys are relative to the
 * evaluated namespace (`OWN_NAMESPACE`), so results can be reused for other namespaces.
 */
export type DependencyKey = string

/** Not valid in the name of a namespace or an object. */
const OWN_NAMESPACE = '~'
/** Not a valid namespace name. */
const EVERYWHERE = '*'
export const ofKind = (kind: Kind): DependencyKey => kind
const ofNamespace = (kind: Kind, namespace: string): DependencyKey => `${kind} ${namespace}`
const ofObject = (kind: Kind, namespace: string, name: string): DependencyKey => `${kind} ${namespace}/${name}`
const GATEWAYS: DependencyKey = 'Pod: gateways'
/** DestinationRules for hosts of one namespace. Rules for hosts of several namespaces have the key `ANY_HOSTS`. */
const ofHosts = (namespace: string): DependencyKey => `DestinationRule: ${namespace}`
const ANY_HOSTS: DependencyKey = 'DestinationRule: any'
/** VirtualServices for Services of one namespace, or for one other host. Those with wildcards have the key `ANY_HOST`. */
const ofRoutes = (namespaceOrHost: string): DependencyKey => `VirtualService: ${namespaceOrHost}`
const ANY_HOST: DependencyKey = 'VirtualService: any'

/** True if the key refers to something outside the evaluated namespace. */
export const isCrossNamespace = (key: DependencyKey) => !key.includes(OWN_NAMESPACE)

const newMap = () => new Map<string, Set<string>>()
const newSet = () => new Set<string>()

/** View that records a dependency key for each read. */
export class TrackingView implements View {
  readonly settings: ClusterSettings
  readonly memo: ViewMemo = new Map()
  readonly dependencies = new Set<DependencyKey>()
  readonly kinds = new Set<Kind>()
  readonly #seen = new Map<Kind, Map<string, Set<string>>>()
  readonly #snapshot: Snapshot
  readonly #ownNamespace: string | undefined

  /** @param ownNamespace the evaluated namespace, if the evaluation is limited to one */
  constructor(snapshot: Snapshot, ownNamespace?: string) {
    this.#snapshot = snapshot
    this.#ownNamespace = ownNamespace
    this.settings = snapshot.settings
  }

  list<T extends Kind>(kind: T, namespace?: string): readonly ResourceOf<T>[] {
    checkBudget()
    if (this.#isNew(kind, namespace ?? EVERYWHERE, '')) {
      this.#record(kind, namespace === undefined ? ofKind(kind) : ofNamespace(kind, this.#toName(namespace)))
    }
    return this.#snapshot.list(kind, namespace)
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    checkBudget()
    if (this.#isNew(kind, namespace, name)) {
      this.#record(kind, ofObject(kind, this.#toName(namespace), kind === 'Namespace' ? this.#toName(name) : name))
    }
    return this.#snapshot.get(kind, namespace, name)
  }

  gateways(): readonly Workload[] {
    checkBudget()
    this.#record('Pod', GATEWAYS)
    return this.#snapshot.gateways()
  }

  destinationRulesIn(namespace: string): readonly NamedDestinationRule[] {
    checkBudget()
    this.#record('DestinationRule', ofHosts(this.#toName(namespace)))
    this.dependencies.add(ANY_HOSTS)
    return this.#snapshot.destinationRulesIn(namespace)
  }

  virtualServicesFor(host: string): readonly ResourceOf<'VirtualService'>[] {
    checkBudget()
    const namespace = namespaceOfHost(host, this.settings.clusterDomain)
    this.#record('VirtualService', ofRoutes(namespace === undefined ? host : this.#toName(namespace)))
    this.dependencies.add(ANY_HOST)
    return this.#snapshot.virtualServicesFor(host)
  }

  /** Builds the key of an object only on its first read. */
  #isNew(kind: Kind, namespace: string, name: string): boolean {
    const byNamespace = getOrAdd(this.#seen, kind, newMap)
    const names = getOrAdd(byNamespace, namespace, newSet)
    const { size } = names
    return names.add(name).size > size
  }

  #toName(namespace: string): string {
    return namespace === this.#ownNamespace ? OWN_NAMESPACE : namespace
  }

  #record(kind: Kind, key: DependencyKey): void {
    this.kinds.add(kind)
    this.dependencies.add(key)
  }

  /** Unreadable kinds that the evaluation has read; its result is discarded. */
  get missing(): readonly Kind[] {
    const { unreadable } = this.#snapshot
    return unreadable.size === 0 ? [] : [...this.kinds].filter(kind => unreadable.has(kind)).sort()
  }
}

/** One view for several evaluations of a namespace. None if a kind is unreadable: then each evaluation reports its own. */
export function sharedView(snapshot: Snapshot, ownNamespace: string): TrackingView | undefined {
  return snapshot.unreadable.size === 0 ? new TrackingView(snapshot, ownNamespace) : undefined
}

/** Dependency keys of all objects that differ between two states. */
export interface ChangedKeys {
  readonly keys: ReadonlySet<DependencyKey>
  /** The same keys relative to each namespace that has changed objects. */
  readonly byNamespace: ReadonlyMap<string, ReadonlySet<DependencyKey>>
}

export function keysOf(changes: Iterable<Changed>, { clusterDomain }: ClusterSettings): ChangedKeys {
  const keys = new Set<DependencyKey>()
  const relative = new Map<string, Set<DependencyKey>>()
  const touch = (namespace: string, toKey: (namespace: string) => DependencyKey) => {
    keys.add(toKey(namespace))
    getOrAdd(relative, namespace, newSet).add(toKey(OWN_NAMESPACE))
  }
  for (const object of [...changes].flatMap(({ before, after }) => [before ?? [], after ?? []].flat())) {
    const { kind, namespace, name } = object
    keys.add(ofKind(kind))
    touch(namespace, one => ofNamespace(kind, one))
    touch(namespace, one => ofObject(kind, one, name))
    if (kind === 'Namespace') touch(name, one => ofObject(kind, '', one))
    if (object.kind === 'Pod' && toWorkload(object).proxy === 'gateway') keys.add(GATEWAYS)
    for (const { namespace: pinned, key } of keysOfHosts(object, clusterDomain)) {
      if (pinned === undefined) keys.add(key(''))
      else touch(pinned, key)
    }
  }
  const byNamespace = new Map(
    [...relative].map(([ownNamespace, own]) => [ownNamespace, new Set([...keys, ...own])] as const)
  )
  return { keys, byNamespace }
}

/** Keys of the hosts that an object configures, with the namespace of the host if it is one of a single namespace. */
function keysOfHosts(object: Resource, clusterDomain: string) {
  const pinnedTo = (host: string) => namespaceOfHost(host, clusterDomain)
  if (object.kind === 'DestinationRule') {
    const namespace = pinnedTo(toFullName(object.spec.host, object.namespace, clusterDomain))
    return [{ namespace, key: namespace === undefined ? () => ANY_HOSTS : ofHosts }]
  }
  if (object.kind !== 'VirtualService') return []
  return hostsOf(object, clusterDomain).map(host => {
    const namespace = isWildcard(host) ? undefined : pinnedTo(host)
    if (namespace !== undefined) return { namespace, key: ofRoutes }
    return { namespace, key: () => (isWildcard(host) ? ANY_HOST : ofRoutes(host)) }
  })
}

/** The changed keys as evaluations of a namespace record them. */
export function relativeTo(ownNamespace: string, { keys, byNamespace }: ChangedKeys): ReadonlySet<DependencyKey> {
  return byNamespace.get(ownNamespace) ?? keys
}

/** Dependencies of several evaluations. Evaluations with a shared view have the same set. */
export function union(
  results: readonly { readonly dependencies: ReadonlySet<DependencyKey> }[]
): ReadonlySet<DependencyKey> {
  const [first] = results
  if (first !== undefined && results.every(({ dependencies }) => dependencies === first.dependencies))
    return first.dependencies
  return new Set(results.flatMap(({ dependencies }) => [...dependencies]))
}

/** True if a changed key is among the dependencies. */
export function isAffected(dependencies: ReadonlySet<DependencyKey>, changedKeys: ReadonlySet<DependencyKey>): boolean {
  const [few, many] = dependencies.size < changedKeys.size ? [dependencies, changedKeys] : [changedKeys, dependencies]
  for (const key of few) if (many.has(key)) return true
  return false
}

/** Result of an evaluation, or why it was skipped, with its dependencies. */
export type Tracked<T> = { readonly dependencies: ReadonlySet<DependencyKey> } & (
  | { readonly value: T; readonly skip?: undefined }
  | { readonly value?: undefined; readonly skip: Omit<Skip, 'rule'> }
)

/**
 * Runs `evaluate` and records its dependencies. Returns `skip` instead of a value if it reads an unreadable kind or throws.
 *
 * @param view shared by several evaluations, so that each object is read once
 * @throws {BudgetExceeded}
 */
export function track<T>(
  snapshot: Snapshot,
  evaluate: (view: View) => T,
  ownNamespace?: string,
  view: TrackingView = new TrackingView(snapshot, ownNamespace)
): Tracked<T> {
  const { dependencies } = view
  const skip = (reason: string) => withCurrentReason({ missing: view.missing, reason }, snapshot)
  let value: T
  try {
    value = evaluate(view)
  } catch (error) {
    if (error instanceof BudgetExceeded) throw error
    return { dependencies, skip: skip(`it failed: ${messageOf(error)}`) }
  }
  return view.missing.length === 0 ? { dependencies, value } : { dependencies, skip: skip('') }
}
