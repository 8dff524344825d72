import { type NamedDestinationRule, namespaceOfHost } from '../../state/destination-rule-index.ts'
import type { ClusterSettings } from '../../state/discovery.ts'
import { getOrAdd } from '../../state/map.ts'
import { memoize, type ViewMemo } from '../../state/memoize.ts'
import type { Kind, ResourceOf } from '../../state/resource.ts'
import type { Snapshot, View } from '../../state/snapshot.ts'
import type { Workload } from '../../state/workload.ts'
import { messageOf } from '../../text/error-message.ts'
import { BudgetExceeded, checkBudget } from './budget.ts'
import {
  ANY_HOST,
  ANY_HOSTS,
  type DependencyKey,
  GATEWAYS,
  OWN_NAMESPACE,
  ofHosts,
  ofKind,
  ofNamespace,
  ofObject,
  ofRoutes,
  ofTargets
} from './dependency-key.ts'
import { type Skip, withCurrentReason } from './skip.ts'

/** What a view has read of a kind. */
interface Reads {
  /** True if it has read all objects: other reads depend on nothing else. */
  all: boolean
  /** Namespaces. */
  readonly lists: Set<string>
  /** Names of objects by namespace. */
  readonly objects: Map<string, Set<string>>
}

const newReads = (): Reads => ({ all: false, lists: new Set(), objects: new Map() })
const newSet = () => new Set<string>()

/** Evaluations of many namespaces read the same objects, and share the keys. */
const keysOf = memoize((_: Snapshot) => new Map<string, DependencyKey>())

/** View that records a dependency key for each read. */
export class TrackingView implements View {
  readonly settings: ClusterSettings
  readonly memo: ViewMemo = new Map()
  readonly dependencies = new Set<DependencyKey>()
  readonly kinds = new Set<Kind>()
  readonly #reads = new Map<Kind, Reads>()
  readonly #snapshot: Snapshot
  readonly #keys: Map<string, DependencyKey>
  readonly #ownNamespace: string | undefined

  /** @param ownNamespace the evaluated namespace, if the evaluation is limited to one */
  constructor(snapshot: Snapshot, ownNamespace?: string) {
    this.#snapshot = snapshot
    this.#keys = keysOf(snapshot)
    this.#ownNamespace = ownNamespace
    this.settings = snapshot.settings
  }

  list<T extends Kind>(kind: T, namespace?: string): readonly ResourceOf<T>[] {
    checkBudget()
    const reads = getOrAdd(this.#reads, kind, newReads)
    if (namespace === undefined && !reads.all) {
      reads.all = true
      this.#record(kind, ofKind(kind))
    } else if (namespace !== undefined && !reads.all && isNew(reads.lists, namespace)) {
      this.#record(kind, ofNamespace(kind, this.#toName(namespace)))
    }
    return this.#snapshot.list(kind, namespace)
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    checkBudget()
    const { all, objects } = getOrAdd(this.#reads, kind, newReads)
    if (!all && isNew(getOrAdd(objects, namespace, newSet), name)) {
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

  virtualServicesTo(host: string): readonly ResourceOf<'VirtualService'>[] {
    checkBudget()
    const namespace = namespaceOfHost(host, this.settings.clusterDomain)
    this.#record('VirtualService', ofTargets(namespace === undefined ? host : this.#toName(namespace)))
    return this.#snapshot.virtualServicesTo(host)
  }

  #toName(namespace: string): string {
    return namespace === this.#ownNamespace ? OWN_NAMESPACE : namespace
  }

  #record(kind: Kind, key: DependencyKey): void {
    this.kinds.add(kind)
    this.dependencies.add(getOrAdd(this.#keys, key, () => key))
  }

  /** Unreadable kinds that the evaluation has read; its result is discarded. */
  get missing(): readonly Kind[] {
    const { unreadable } = this.#snapshot
    return unreadable.size === 0 ? [] : [...this.kinds].filter(kind => unreadable.has(kind)).sort()
  }
}

/** Adds a name; true on its first read. Only then the dependency key is built. */
function isNew(names: Set<string>, name: string): boolean {
  const { size } = names
  return names.add(name).size > size
}

/** One view for several evaluations. None if a kind is unreadable: then each evaluation reports its own. */
export function sharedView(snapshot: Snapshot, ownNamespace?: string): TrackingView | undefined {
  return snapshot.unreadable.size === 0 ? new TrackingView(snapshot, ownNamespace) : undefined
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
