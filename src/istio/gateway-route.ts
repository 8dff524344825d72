import type { View } from '../state/snapshot.ts'
import { hostsOf } from '../state/virtual-service-index.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost, isWildcard } from '../text/host.ts'
import type { Chain } from './gateway.ts'
import type { ServerOf } from './gateway-servers.ts'
import type { Call } from './request.ts'
import { firstMatch, isCatchAllRoute, type ProxyRoute, type Routed, routesFor } from './route.ts'
import type { Registry, RouteKinds } from './sidecar-route.ts'
import { gatewaysOf, isExportedTo, type VirtualService } from './virtual-service.ts'

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
  view: View<RouteKinds>,
  registry: Pick<Registry, 'virtualServicesFor'>,
  gateway: Workload,
  { servers }: Pick<Chain, 'servers'>,
  call: Call
): Routed | undefined {
  const { clusterDomain } = view.settings
  const visible = registry.virtualServicesFor(call.host).filter(one => isExportedTo(view, one, gateway.namespace))
  const domains = new Map<string, VirtualHost>()
  for (const entry of servers) addServer(view, domains, visible, gateway, entry, call.host)
  const [domain] = [...domains.keys()].sort(bySpecificity)
  const { routes, requiresTls } = domains.get(domain ?? '') ?? { routes: [], requiresTls: false }
  if (requiresTls) return undefined
  const ordered = [...routes.filter(one => !isCatchAllRoute(one)), ...routes.filter(isCatchAllRoute)]
  return firstMatch(ordered, call, clusterDomain)
}

function addServer(
  view: View<RouteKinds>,
  domains: Map<string, VirtualHost>,
  visible: readonly VirtualService[],
  { namespace, labels }: Workload,
  { gateway, server }: ServerOf,
  host: string
): void {
  const name = `${gateway.namespace}/${gateway.name}`
  const requiresTls = server.tls?.httpsRedirect === true
  const proxy = { namespace, labels, gateway: name, port: server.port.number }
  const add = (domain: string, routes: readonly ProxyRoute[]) => {
    const known = domains.get(domain)
    if (known === undefined) domains.set(domain, { routes: [...routes], requiresTls })
    else {
      known.routes.push(...routes)
      known.requiresTls ||= requiresTls
    }
  }
  for (const virtualService of visible.filter(one => gatewaysOf(one).includes(name))) {
    const domainsOfBoth = sharedDomains(
      serverHosts(server.hosts, virtualService.namespace),
      hostsOf(virtualService, view.settings.clusterDomain)
    )
    const covering = domainsOfBoth.filter(domain => coversHost(domain, host))
    if (covering.length === 0) continue
    const routes = routesFor(view, virtualService, proxy)
    if (routes.length > 0) for (const domain of covering) add(domain, routes)
  }
  if (requiresTls) for (const one of server.hosts) if (coversHost(one.toLowerCase(), host)) add(one.toLowerCase(), [])
}

/** Hosts of a server for VirtualServices of a namespace. */
function serverHosts(hosts: readonly string[], namespace: string): readonly string[] {
  return hosts.flatMap(entry => {
    const slash = entry.indexOf('/')
    if (slash < 0) return [entry.toLowerCase()]
    const of = entry.slice(0, slash)
    return of === '*' || of === namespace ? [entry.slice(slash + 1).toLowerCase()] : []
  })
}

/** The narrower of each two hosts of which one covers the other. */
function sharedDomains(some: readonly string[], others: readonly string[]): readonly string[] {
  const shared = some.flatMap(one =>
    others.flatMap(other => (coversHost(one, other) ? [other] : coversHost(other, one) ? [one] : []))
  )
  return [...new Set(shared)]
}

/** Exact domains first, then longer wildcards. */
function bySpecificity(a: string, b: string): number {
  return Number(isWildcard(a)) - Number(isWildcard(b)) || b.length - a.length
}
