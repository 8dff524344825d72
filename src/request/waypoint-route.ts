import { applyFilters } from '../gateway-api/filters.ts'
import { meshRouteGroups } from '../gateway-api/mesh-route.ts'
import type { Backend, RouteEntry } from '../gateway-api/route-match.ts'
import { entriesOf, selectEntries } from '../gateway-api/route-table.ts'
import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import { issuersFor, validateToken } from '../istio/request-authentication.ts'
import { type Forwarded, firstMatch, type ProxyRoute, routesFor } from '../istio/route.ts'
import { gatewaysOf, MESH, type VirtualService, visibleTo } from '../istio/virtual-service.ts'
import { protocolAt } from '../kubernetes/port-protocol.ts'
import { findService } from '../kubernetes/service.ts'
import { nameOf, type ResourceOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { inputsOf, specDigest } from './call-inputs.ts'
import type { CallKinds } from './call-result.ts'
import { uncertainRoute } from './caveats.ts'
import type { Failure } from './failure.ts'
import type { Unevaluated } from './hop.ts'
import type { RoutedElsewhere } from './route-failure.ts'
import { toRouting } from './route-selection.ts'

/** What routes of a waypoint do with a request to the Service that it serves. */
export type WaypointRoute =
  | {
      readonly is: 'forwarded'
      readonly by: VirtualService | RouteEntry['object']
      readonly destinations: readonly Forwarded[]
    }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'unknown'; readonly unknown: Unevaluated }

/**
 * Route of a request at a waypoint; absent if it has none for the Service, to which the request goes then. It has those of
 * its own namespace and of the Service's. Unlike sidecars it uses the VirtualServices of a host together, and none of their
 * conditions on labels of the client.
 * @see istio 1.31 pilot/pkg/networking/core/listener_waypoint.go (buildWaypointInboundHTTPRouteConfig)
 */
export function routeAtWaypoint(
  view: View<CallKinds>,
  waypoint: Workload,
  call: Call,
  destination: Destination
): WaypointRoute | undefined {
  const { namespace, serves } = waypoint
  const { host, port } = destination
  if (serves === undefined || protocolAt(view, host, port) === 'tcp') return undefined
  const proxy = { namespace, labels: undefined, gateway: MESH, port }
  const virtualServices = visibleTo(view, view.virtualServicesFor(host), namespace).filter(
    one => gatewaysOf(one).has(MESH) && [namespace, serves.namespace].includes(one.namespace)
  )
  const routes = virtualServices.flatMap(one => routesFor(view, one, proxy))
  const groups = meshRouteGroups(view, namespace, serves, port)
  const [first] = routes
  const [own] = groups.flat()
  if (first !== undefined && own !== undefined) {
    const objects = [...new Set(routes.map(({ virtualService }) => virtualService)), ...groups.flat()]
    const reason = `order of ${nameOf(first.virtualService)} and ${nameOf(own)} at a waypoint is not modeled`
    return unknown(reason, [inputsOf(view, [waypoint], destination), ...objects.map(specDigest)])
  }
  if (first !== undefined) return byVirtualServices(view, waypoint, call, destination, [first, ...routes.slice(1)])
  return own && byHttpRoutes(view, call, destination, own, groups)
}

const unknown = (reason: string, inputs: readonly string[]): WaypointRoute => ({
  is: 'unknown',
  unknown: { reason, inputs: inputs.join('\n') }
})

function byVirtualServices(
  view: View<CallKinds>,
  waypoint: Workload,
  call: Call,
  { host }: Destination,
  routes: readonly [ProxyRoute, ...ProxyRoute[]]
): WaypointRoute {
  const hasClaims = validateToken(issuersFor(view, waypoint), call.token) !== undefined
  const routed = firstMatch(routes, call, hasClaims)
  const uncertain = uncertainRoute(routed)
  if (uncertain !== undefined) return { is: 'unknown', unknown: uncertain }
  const { virtualService } = routed ?? routes[0]
  const failed = (how: RoutedElsewhere['how']): WaypointRoute => ({
    is: 'failed',
    failure: { cause: 'routed-elsewhere', virtualService, host, how }
  })
  if (routed?.is === 'answered') return failed(routed.by)
  if (routed === undefined || routed.destinations.length === 0) return failed('no match')
  return { is: 'forwarded', by: virtualService, destinations: routed.destinations }
}

function byHttpRoutes(
  view: View<CallKinds>,
  call: Call,
  destination: Destination,
  own: ResourceOf<'HTTPRoute'>,
  groups: ReturnType<typeof meshRouteGroups>
): WaypointRoute {
  const selections = groups.map(group => selectEntries(group.flatMap(entriesOf), call))
  const selection = selections.find(({ entries }) => entries.length > 0) ?? { entries: [], isComplete: true }
  const routing = toRouting(selection, call, own)
  if (routing.is === 'failed') return routing
  if (routing.is === 'unknown') return unknown(routing.reason, [routing.inputs])
  const { entry } = routing
  const [first] = entry.backends
  if (first === undefined) return invalid(entry, 'none', undefined)
  return (
    entry.backends.map(backend => findDefect(view, entry, backend, destination)).find(one => one !== undefined) ?? {
      is: 'forwarded',
      by: entry.object,
      destinations: entry.backends.map(backend => toForwarded(view, entry, backend, call, destination))
    }
  )
}

/** A Service that a new model brings does not exist yet. Routes of the mesh need no ReferenceGrant. */
function findDefect(view: View<CallKinds>, entry: RouteEntry, backend: Backend, { host, port }: Destination) {
  const name = hostOf(view, backend)
  if (name === host && backend.port === port) return undefined
  const service = findService(view, name)
  if (service === undefined) return invalid(entry, 'no-service', backend)
  return service.spec.ports.some(one => one.port === backend.port) ? undefined : invalid(entry, 'no-port', backend)
}

const invalid = (
  { object, field }: RouteEntry,
  reason: 'none' | 'no-service' | 'no-port',
  backend: Backend | undefined
): WaypointRoute => ({
  is: 'failed',
  failure: { cause: 'backend-invalid', route: toRef(object), field, reason, backend }
})

const hostOf = (view: View, { namespace, name }: Backend) => serviceHost(namespace, name, view.settings.clusterDomain)

function toForwarded(
  view: View<CallKinds>,
  { filters, match }: RouteEntry,
  backend: Backend,
  call: Call,
  { port: listenerPort }: Destination
): Forwarded {
  return {
    host: hostOf(view, backend),
    port: Number(backend.port),
    listenerPort,
    subset: undefined,
    call: applyFilters(filters, match, call).call
  }
}
