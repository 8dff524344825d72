import { protocolOf } from '../kubernetes/port-protocol.ts'
import { HTTP_PORT, type Resolved, type Service } from '../kubernetes/service.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { hostsOf } from '../state/virtual-service-index.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost, isWildcard, mostSpecific, serviceHost } from '../text/host.ts'
import { meshOf, REGISTRY_ONLY } from './mesh.ts'
import type { Call } from './request.ts'
import { firstMatch, type Routed, routesFor } from './route.ts'
import { serviceEntriesFor } from './service-entry.ts'
import { type EgressListener, egressFor, egressHostsFor, importsBy, isExported } from './sidecar.ts'
import { gatewaysOf, MESH, type VirtualService, visibleTo } from './virtual-service.ts'

/** What a sidecar does with a request of its application. */
export type Egress =
  | Routed
  /** Without a VirtualService: to the Service of the host. */
  | { readonly is: 'service'; readonly service: Service }
  /** The routes for the host match other requests: 404. */
  | { readonly is: 'unmatched'; readonly virtualService: VirtualService }
  /** The host is unknown to the sidecar: the connection is forwarded as the application opened it. */
  | { readonly is: 'passthrough' }
  /** The host is unknown, and the outbound traffic policy is REGISTRY_ONLY; `by` is absent if the mesh sets it. */
  | { readonly is: 'rejected'; readonly by: ResourceOf<'Sidecar'> | undefined }

export type RouteKinds = 'VirtualService' | 'ServiceEntry' | 'Service' | 'Sidecar' | 'ConfigMap'

/** Objects that a host names, those included that controllers have yet to create. */
export interface Registry {
  /** VirtualServices with a host that covers this one. */
  readonly virtualServicesFor: (host: string) => readonly VirtualService[]
  /** What a DNS name resolves to: the Service; of an ExternalName Service, its target. */
  readonly resolve: (host: string) => Resolved
}

/**
 * Route of a request in the sidecar of the client.
 *
 * @param port that the application calls
 * @see istio 1.31 pilot/pkg/networking/core/httproute.go (BuildSidecarOutboundVirtualHosts)
 */
export function sidecarRoute(
  view: View<RouteKinds>,
  registry: Registry,
  client: Workload,
  call: Call,
  port: number
): Egress {
  const listener = egressFor(view, client, port)
  const service = importedService(view, listener, client, call.host, registry.resolve(call.host).service, port)
  const isHttp = service === undefined ? port === HTTP_PORT : isHttpPort(service, port)
  const proxy = { namespace: client.namespace, labels: client.labels, gateway: MESH, port }
  const hosts = service === undefined || !isHttp ? [call.host] : namesOf(view, service, call.host)
  const used = isHttp ? usedBy(view, registry, client, listener, hosts) : []
  const isRegistered = (pattern: string) => coversRegistered(view, listener, client, pattern, port)
  const candidates =
    service === undefined ? forUnknownHost(view, used, call.host, isRegistered) : forService(view, used, hosts)
  for (const virtualService of candidates) {
    const routes = routesFor(view, virtualService, proxy)
    if (routes.length > 0) return firstMatch(routes, call) ?? { is: 'unmatched', virtualService }
  }
  if (service !== undefined) return { is: 'service', service }
  const { by } = listener
  const mode = by?.spec.outboundTrafficPolicy?.mode
  const isRejected = mode === undefined ? meshOf(view, client).registryOnly : mode === REGISTRY_ONLY
  return isRejected ? { is: 'rejected', by: mode === undefined ? undefined : by } : { is: 'passthrough' }
}

function isHttpPort({ spec }: Service, number: number): boolean {
  return spec.ports.some(port => port.port === number && protocolOf(port) !== 'tcp')
}

/** Service of a host that the sidecar knows, by its own name or as the target of an ExternalName Service. */
function importedService(
  view: View<RouteKinds>,
  { hosts }: EgressListener,
  client: Workload,
  host: string,
  service: Service | undefined,
  port: number
): Service | undefined {
  if (service === undefined || !service.spec.ports.some(one => one.port === port)) return undefined
  const [own = host, ...aliases] = namesOf(view, service, host)
  const isImported = importsBy(hosts, client.namespace, { host: own, namespace: service.namespace }, aliases)
  return isImported && isExported(view, service, client.namespace) ? service : undefined
}

/** The host of a Service, and the other name by which it is called: its routes are for both. */
function namesOf(view: View, { namespace, name }: Service, called: string): readonly string[] {
  return [...new Set([serviceHost(namespace, name, view.settings.clusterDomain), called])]
}

/** VirtualServices for hosts in the sidecar of a client, in the order of precedence. */
function usedBy(
  view: View<RouteKinds>,
  { virtualServicesFor }: Registry,
  { namespace }: Workload,
  listener: EgressListener,
  hosts: readonly string[]
): readonly VirtualService[] {
  const forHosts = [...new Set(hosts.flatMap(virtualServicesFor))].filter(one => gatewaysOf(one).has(MESH))
  return visibleTo(view, forHosts, namespace).filter(one => isImported(view, one, namespace, listener))
}

/**
 * VirtualServices for a Service that the sidecar knows. Those with a wildcard host count only if no other has the Service's
 * own host, and of them the most specific.
 * @see istio 1.31 pilot/pkg/model/sidecar.go (computeWildcardHostVirtualServiceIndex)
 */
function forService(view: View, used: readonly VirtualService[], names: readonly string[]): readonly VirtualService[] {
  const { clusterDomain } = view.settings
  const chosen = names.flatMap(name => mostSpecific(byHost(used, clusterDomain), name) ?? [])
  return used.filter(one => chosen.includes(one) || hostsOf(one, clusterDomain).some(host => names.includes(host)))
}

/**
 * VirtualServices for a host that is no Service: for the host itself first, then for longer wildcards. A wildcard that
 * covers a registered host is only for registered ones.
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (separateVSHostsAndServices)
 */
function forUnknownHost(
  view: View,
  used: readonly VirtualService[],
  called: string,
  isRegistered: (pattern: string) => boolean
): readonly VirtualService[] {
  const covering = [...byHost(used, view.settings.clusterDomain)].filter(
    ([host]) => coversHost(host, called) && !(isWildcard(host) && isRegistered(host))
  )
  const bySpecificity = covering.sort(
    ([a], [b]) => Number(isWildcard(a)) - Number(isWildcard(b)) || b.length - a.length
  )
  return bySpecificity.flatMap(([host]) => used.filter(one => hostsOf(one, view.settings.clusterDomain).includes(host)))
}

/** True if a wildcard covers the host of a Service or ServiceEntry that the sidecar knows on the port. */
function coversRegistered(
  view: View<RouteKinds>,
  listener: EgressListener,
  client: Workload,
  pattern: string,
  port: number
): boolean {
  const { namespace: own } = client
  return (
    view.list('Service').some(service => {
      const host = serviceHost(service.namespace, service.name, view.settings.clusterDomain)
      return coversHost(pattern, host) && importedService(view, listener, client, host, service, port) !== undefined
    }) ||
    serviceEntriesFor(view, own).some(
      ({ namespace, spec: { hosts, ports } }) =>
        ports.some(({ number }) => number === port) &&
        hosts.some(host => coversHost(pattern, host) && importsBy(listener.hosts, own, { host, namespace }))
    )
  )
}

/** The first VirtualService of each host. */
function byHost(used: readonly VirtualService[], clusterDomain: string): ReadonlyMap<string, VirtualService> {
  const entries = used.flatMap(one => hostsOf(one, clusterDomain).map(host => [host, one] as const))
  return new Map(entries.reverse())
}

/**
 * True if an egress listener imports the VirtualService.
 * @see istio 1.31 pilot/pkg/model/virtualservice.go (SelectVirtualServices), sidecar.go (VSMatches)
 */
function isImported(
  view: View,
  virtualService: VirtualService,
  own: string,
  { hosts: entries }: EgressListener
): boolean {
  const inScope = egressHostsFor(entries, own, virtualService.namespace)
  return hostsOf(virtualService, view.settings.clusterDomain).some(
    host =>
      inScope.some(({ imported }) => imported.overlaps(host)) && !inScope.some(({ excluded }) => excluded.covers(host))
  )
}
