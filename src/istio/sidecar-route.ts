import { HTTP_PORT, protocolOf, type Service } from '../kubernetes/service.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { hostsOf } from '../state/virtual-service-index.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost, isWildcard, serviceHost } from '../text/host.ts'
import { meshOf, REGISTRY_ONLY } from './mesh.ts'
import type { Call } from './request.ts'
import { firstMatch, type Routed, routesFor } from './route.ts'
import { type EgressListener, egressFor, importsBy, isExported } from './sidecar.ts'
import { gatewaysOf, isExportedTo, MESH, type VirtualService } from './virtual-service.ts'

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

export type RouteKinds = 'VirtualService' | 'Service' | 'Sidecar' | 'ConfigMap'

/** Objects that a host names, those included that controllers have yet to create. */
export interface Registry {
  /** VirtualServices that cover the host: exact hosts, then the oldest, first. */
  readonly virtualServicesFor: (host: string) => readonly VirtualService[]
  /** Service of the DNS name; of an ExternalName Service, its target. */
  readonly findService: (host: string) => Service | undefined
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
  const { clusterDomain } = view.settings
  const listener = egressFor(view, client, port)
  const service = importedService(view, listener, client, call.host, registry.findService(call.host), port)
  const isHttp = service === undefined ? port === HTTP_PORT : protocolAt(service, port) !== 'tcp'
  const proxy = { namespace: client.namespace, labels: client.labels, gateway: MESH, port }
  for (const virtualService of isHttp ? registry.virtualServicesFor(call.host) : []) {
    if (!isUsedBy(view, virtualService, client, listener)) continue
    const routes = routesFor(view, virtualService, proxy)
    if (routes.length === 0) continue
    return firstMatch(routes, call, clusterDomain) ?? { is: 'unmatched', virtualService }
  }
  if (service !== undefined) return { is: 'service', service }
  const { by } = listener
  const mode = by?.spec.outboundTrafficPolicy?.mode
  const isRejected = mode === undefined ? meshOf(view, client).registryOnly : mode === REGISTRY_ONLY
  return isRejected ? { is: 'rejected', by: mode === undefined ? undefined : by } : { is: 'passthrough' }
}

function protocolAt({ spec }: Service, number: number) {
  const port = spec.ports.find(one => one.port === number)
  return port === undefined ? 'auto' : protocolOf(port)
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
  const { namespace, name } = service
  const names = [serviceHost(namespace, name, view.settings.clusterDomain), host]
  const isImported = names.every(one => importsBy(hosts, client.namespace, { host: one, namespace }))
  return isImported && isExported(view, service, client.namespace) ? service : undefined
}

/**
 * True if a sidecar has the routes of the VirtualService.
 * @see istio 1.31 pilot/pkg/model/virtualservice.go (SelectVirtualServices), sidecar.go (VSMatches)
 */
function isUsedBy(
  view: View<RouteKinds>,
  virtualService: VirtualService,
  client: Workload,
  { hosts: entries }: EgressListener
): boolean {
  const { namespace } = virtualService
  if (!gatewaysOf(virtualService).includes(MESH) || !isExportedTo(view, virtualService, client.namespace)) return false
  const scoped = entries.map(entry => {
    const [scope = '', pattern = ''] = entry.replace(/^~/, '').split('/')
    const isInScope = scope === '*' || scope === '' || (scope === '.' ? client.namespace : scope) === namespace
    return { pattern, isInScope, isExcluded: entry.startsWith('~') }
  })
  const inScope = scoped.filter(one => one.isInScope)
  return hostsOf(virtualService, view.settings.clusterDomain).some(
    host =>
      inScope.some(({ pattern, isExcluded }) => !isExcluded && overlaps(pattern, host)) &&
      !inScope.some(({ pattern, isExcluded }) => isExcluded && coversHost(pattern, host))
  )
}

/** True if one of the two covers the other. */
function overlaps(some: string, other: string): boolean {
  return coversHost(some, other) || (isWildcard(other) && coversHost(other, some))
}
