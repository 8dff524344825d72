import { sortByCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { HostPatterns, serviceHost } from '../text/host.ts'
import { hasLabels } from '../text/selector.ts'
import { meshOf } from './mesh.ts'
import type { Visibility } from './peer-authentication.ts'

type Sidecar = ResourceOf<'Sidecar'>
type Egress = Sidecar['spec']['egress'][number]

interface Target {
  readonly host: string
  readonly namespace: string
  readonly ports: readonly number[]
}

/** Configuration scope of a proxy (Istio's SidecarScope). */
export interface Scope {
  /** Sidecar that limits the scope; without one the proxy imports everything that is exported to it. */
  readonly by: Sidecar | undefined
  readonly egress: readonly Egress[]
  imports(target: Target): boolean
  /** True if the PeerAuthentications of a namespace are visible to the proxy. */
  readonly isVisible: Visibility
}

export type ScopeKinds = 'Sidecar' | 'Service' | 'ConfigMap'

export const EXPORT_TO = 'networking.istio.io/exportTo'
const EVERYTHING: Egress = { hosts: ['*/*'], port: undefined }

/**
 * Scope of a proxy: the Sidecar of its namespace that selects it, else that of the root namespace; none for gateways.
 * Visible PeerAuthentications are those of the root namespace, its own, and every namespace with an imported Service.
 * @see istio 1.31 pilot/pkg/model/sidecar.go (selectAuthnPolicies), push_context.go (doGetSidecarScope)
 */
export const scopeOf: (
  view: View<ScopeKinds>,
  proxy: Pick<Workload, 'namespace' | 'labels' | 'proxy' | 'revision'>
) => Scope = memoizeInView((view, { namespace, labels, proxy, revision }) => {
  const { rootNamespace } = meshOf(view, { revision })
  const by = proxy === 'gateway' ? undefined : (ownSidecar(view, namespace, labels) ?? rootSidecar(view, rootNamespace))
  const egress = by === undefined || by.spec.egress.length === 0 ? [EVERYTHING] : by.spec.egress
  const imports = (target: Target) =>
    egress.some(({ hosts, port }) => {
      const isForPort = port?.number === undefined || target.ports.includes(port.number)
      return isForPort && importsBy(hosts, namespace, target)
    })
  const { clusterDomain } = view.settings
  const importsFrom = (other: string) =>
    view.list('Service', other).some(service => {
      const host = serviceHost(service.namespace, service.name, clusterDomain)
      const ports = service.spec.ports.map(({ port }) => port)
      return isExported(view, service, namespace) && imports({ host, namespace: other, ports })
    })
  const known = new Map([namespace, rootNamespace].map(one => [one, true]))
  return { by, egress, imports, isVisible: other => getOrAdd(known, other, () => importsFrom(other)) }
})

/** Egress listener that a request of an application reaches. */
export interface EgressListener {
  /** Absent: without a Sidecar. */
  readonly by: Sidecar | undefined
  /** Hosts that it imports, as `namespace/host`. */
  readonly hosts: readonly string[]
}

/** @see istio 1.31 pilot/pkg/model/sidecar.go (GetEgressListenerForRDS) */
export function egressFor(
  view: View<'Sidecar' | 'Service' | 'ConfigMap'>,
  proxy: Workload,
  port: number
): EgressListener {
  const { by, egress } = scopeOf(view, proxy)
  const listener = egress.find(one => one.port?.number === undefined || one.port.number === port)
  return { by, hosts: listener?.hosts ?? [] }
}

/** Sidecar of the namespace for a workload. One with a selector takes precedence. */
function ownSidecar(view: View<'Sidecar'>, namespace: string, labels: Workload['labels']): Sidecar | undefined {
  const sidecars = sortByCreationTime(view.list('Sidecar', namespace))
  const selecting = sidecars.find(
    ({ spec }) => spec.workloadSelector !== undefined && hasLabels(labels, spec.workloadSelector.labels)
  )
  return selecting ?? sidecars.find(({ spec }) => spec.workloadSelector === undefined)
}

function rootSidecar(view: View<'Sidecar'>, rootNamespace: string): Sidecar | undefined {
  return sortByCreationTime(view.list('Sidecar', rootNamespace)).find(({ spec }) => spec.workloadSelector === undefined)
}

/**
 * True if the Sidecar of the root namespace imports hosts of a client's own namespace, so that clients of each namespace
 * import others.
 */
export function importsOwnNamespace(view: View<'Sidecar' | 'ConfigMap'>): boolean {
  const by = rootSidecar(view, meshOf(view).rootNamespace)
  return by?.spec.egress.some(({ hosts }) => byScope(hosts).has('.')) === true
}

/** Entries of the egress hosts of a Sidecar with the same scope: a namespace, `.` for the proxy's own, or `*` for any. */
interface EgressHosts {
  readonly scope: string
  readonly imported: HostPatterns
  readonly excluded: HostPatterns
}

/**
 * Entries of egress hosts for objects of a namespace: `namespace/name`, where a leading `~` excludes.
 * @see istio 1.31 pilot/pkg/model/sidecar.go (convertIstioListenerToWrapper)
 */
export function egressHostsFor(hosts: readonly string[], own: string, namespace: string): readonly EgressHosts[] {
  const scopes = namespace === own ? [namespace, '.', '*'] : [namespace, '*']
  return scopes.flatMap(scope => byScope(hosts).get(scope) ?? []).map(toEgressHosts)
}

interface Entries {
  readonly scope: string
  readonly imported: string[]
  readonly excluded: string[]
}

const byScope = memoize((hosts: readonly string[]): ReadonlyMap<string, Entries> => {
  const scopes = new Map<string, Entries>()
  for (const entry of hosts) {
    const isExcluded = entry.startsWith('~')
    const [own = '', pattern = ''] = (isExcluded ? entry.slice(1) : entry).split('/', 2)
    const scope = own || '*'
    const entries = getOrAdd(scopes, scope, (): Entries => ({ scope, imported: [], excluded: [] }))
    entries[isExcluded ? 'excluded' : 'imported'].push(pattern)
  }
  return scopes
})

/** Indexed only for the namespaces that a proxy calls: a Sidecar can have thousands of others. */
const toEgressHosts = memoize(
  ({ scope, imported, excluded }: Entries): EgressHosts => ({
    scope,
    imported: new HostPatterns(imported),
    excluded: new HostPatterns(excluded)
  })
)

/**
 * True if egress hosts import a Service, and its aliases by the entries of the same scope: those of its namespace if they
 * import it, otherwise those of all namespaces.
 * @see istio 1.31 pilot/pkg/model/sidecar.go (selectServices, matchingAliasService)
 */
export function importsBy(
  hosts: readonly string[],
  own: string,
  { host, namespace }: Pick<Target, 'host' | 'namespace'>,
  aliases: readonly string[] = []
): boolean {
  const entries = egressHostsFor(hosts, own, namespace)
  if (entries.some(({ excluded }) => excluded.covers(host))) return false
  const imports = (some: readonly EgressHosts[], name: string) => some.some(({ imported }) => imported.covers(name))
  const scopes = [entries.filter(({ scope }) => scope !== '*'), entries.filter(({ scope }) => scope === '*')]
  const importing = scopes.find(some => imports(some, host))
  return importing !== undefined && aliases.every(alias => imports(importing, alias))
}

/** Namespaces that a Service is exported to: `*` is all, `.` its own. Absent: all. */
export const exportedTo = memoize(({ annotations }: ResourceOf<'Service'>) =>
  annotations[EXPORT_TO]?.split(',').map(one => one.trim())
)

/**
 * True if a Service is exported to a namespace.
 * @see istio 1.31 pkg/config/kube (exportTo annotation), pilot/pkg/model/push_context.go (IsServiceVisible)
 */
export function isExported(view: View<'ConfigMap'>, service: ResourceOf<'Service'>, namespace: string): boolean {
  return isVisibleIn(exportedTo(service) ?? meshOf(view).serviceExportTo, service.namespace, namespace)
}

/** True if an object of a namespace with these values of `exportTo` is visible in another; `~` is nowhere. */
export function isVisibleIn(exportTo: readonly string[], own: string, namespace: string): boolean {
  if (exportTo.includes('*')) return true
  return !exportTo.includes('~') && exportTo.some(one => one === namespace || (one === '.' && own === namespace))
}
