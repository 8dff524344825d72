import { getOrAdd } from '../state/map.ts'
import type { View } from '../state/snapshot.ts'
import { hostsOf } from '../state/virtual-service-index.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost, isWildcard } from '../text/host.ts'
import type { Chain } from './gateway.ts'
import type { ServerOf } from './gateway-servers.ts'
import { meshOf } from './mesh.ts'
import type { Call, Scheme } from './request.ts'
import { issuersFor, validateToken } from './request-authentication.ts'
import { firstMatch, isCatchAllRoute, type ProxyRoute, type Routed, routesFor } from './route.ts'
import type { Registry, RouteKinds } from './sidecar-route.ts'
import { gatewaysOf, type VirtualService, visibleTo } from './virtual-service.ts'

/** Routes for one domain of a gateway's listener. */
interface VirtualHost {
  readonly routes: ProxyRoute[]
  /** True: all requests are redirected to HTTPS. */
  requiresTls: boolean
}

/**
 * Route of a request at a gateway; absent if it has none (404) or only redirects to HTTPS. A server uses VirtualServices
 * of the namespaces that its hosts name, and of their hosts those that its own hosts cover.
 * @see istio 1.31 pilot/pkg/networking/core/gateway.go (buildGatewayHTTPRouteConfig)
 */
export function gatewayRoute(
  view: View<RouteKinds | 'RequestAuthentication'>,
  registry: Pick<Registry, 'virtualServicesFor'>,
  gateway: Workload,
  chain: Pick<Chain, 'servers' | 'tls'>,
  call: Call
): Routed | undefined {
  const { clusterDomain } = view.settings
  const bound = visibleTo(view, registry.virtualServicesFor(call.host), gateway.namespace).map(virtualService => ({
    virtualService,
    gateways: gatewaysOf(virtualService),
    hosts: hostsOf(virtualService, clusterDomain).filter(host => coversHost(host, call.host)),
    routesByGateway: new Map<string, readonly ProxyRoute[]>(),
    added: new Set<string>()
  }))
  const domains = new Map<string, VirtualHost>()
  for (const entry of chain.servers) addServer(view, domains, bound, gateway, entry, call.host)
  const [domain] = [...domains.keys()].sort(bySpecificity)
  const { routes, requiresTls } = domains.get(domain ?? '') ?? { routes: [], requiresTls: false }
  if (requiresTls) return undefined
  const ordered = [...routes.filter(one => !isCatchAllRoute(one)), ...routes.filter(isCatchAllRoute)]
  const hasClaims = validateToken(issuersFor(view, gateway), call.token) !== undefined
  return firstMatch(ordered, { ...call, scheme: schemeAt(view, gateway, chain, call) }, hasClaims)
}

/**
 * Scheme of a request: that of its connection, unless a trusted proxy before the gateway or the HTTP/2 client that is
 * another proxy says otherwise.
 * @see istio 1.31 pilot/pkg/networking/core/listener_builder.go (buildHTTPConnectionManager),
 * Envoy 1.36 source/common/http/conn_manager_utility.cc (mutateRequestHeaders)
 */
function schemeAt(
  view: View<'ConfigMap'>,
  gateway: Workload,
  { tls }: Pick<Chain, 'tls'>,
  { scheme = 'http' }: Call
): Scheme {
  if (meshOf(view, gateway).trustsProxies || tls === 'ISTIO_MUTUAL') return 'unknown'
  if (tls !== undefined) return 'https'
  return scheme === 'http' ? 'http' : 'unknown'
}

/** VirtualService, its gateways, and those of its hosts that matter for a request. */
interface Bound {
  readonly virtualService: VirtualService
  readonly gateways: ReadonlySet<string>
  readonly hosts: readonly string[]
  readonly routesByGateway: Map<string, readonly ProxyRoute[]>
  /** Gateways and domains that have its routes. */
  readonly added: Set<string>
}

function addServer(
  view: View<RouteKinds>,
  domains: Map<string, VirtualHost>,
  bound: readonly Bound[],
  { namespace, labels }: Workload,
  { gateway, server }: ServerOf,
  host: string
): void {
  const name = `${gateway.namespace}/${gateway.name}`
  const requiresTls = server.tls?.httpsRedirect === true
  const proxy = { namespace, labels, gateway: name, port: server.port.number }
  for (const { virtualService, gateways, hosts, routesByGateway, added } of bound) {
    if (!gateways.has(name)) continue
    const covering = sharedDomains(serverHosts(server.hosts, virtualService.namespace, host), hosts)
    if (covering.length === 0) continue
    // Of several servers of a Gateway, the routes of the first are used for all.
    const routes = getOrAdd(routesByGateway, name, () => routesFor(view, virtualService, proxy))
    for (const domain of routes.length > 0 ? covering : []) {
      const isNew = !added.has(`${name} ${domain}`)
      addRoutes(domains, domain, isNew ? routes : [], requiresTls)
      added.add(`${name} ${domain}`)
    }
  }
  const redirected = requiresTls ? server.hosts.map(one => one.toLowerCase()).filter(one => coversHost(one, host)) : []
  for (const domain of redirected) addRoutes(domains, domain, [], true)
}

function addRoutes(
  domains: Map<string, VirtualHost>,
  domain: string,
  routes: readonly ProxyRoute[],
  requiresTls: boolean
): void {
  const known = getOrAdd(domains, domain, () => ({ routes: [], requiresTls: false }))
  known.routes.push(...routes)
  known.requiresTls ||= requiresTls
}

/** Hosts of a server for VirtualServices of a namespace that cover the host of a request. */
function serverHosts(hosts: readonly string[], namespace: string, host: string): readonly string[] {
  return hosts.flatMap(entry => {
    const slash = entry.indexOf('/')
    const of = entry.slice(0, Math.max(slash, 0))
    const pattern = entry.slice(slash + 1).toLowerCase()
    return (slash < 0 || of === '*' || of === namespace) && coversHost(pattern, host) ? [pattern] : []
  })
}

/** The narrower of each two hosts; of two that cover the host of a request, one covers the other. */
function sharedDomains(some: readonly string[], others: readonly string[]): readonly string[] {
  return [...new Set(some.flatMap(one => others.map(other => (coversHost(one, other) ? other : one))))]
}

/** Exact domains first, then longer wildcards. */
function bySpecificity(a: string, b: string): number {
  return Number(isWildcard(a)) - Number(isWildcard(b)) || b.length - a.length
}
