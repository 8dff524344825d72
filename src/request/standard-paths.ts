import { waypointsBefore } from '../gateway-api/waypoint-pod.ts'
import type { Destination } from '../istio/client.ts'
import type { Registry } from '../istio/sidecar-route.ts'
import { callsTo } from '../kserve/inference-request.ts'
import { AUTH_PROXY_PORT, type Component, type InferenceService, STANDARD_PORT } from '../kserve/inference-service.ts'
import { addressPattern, STATUS_URL } from '../kserve/public-address.ts'
import { publicationOf } from '../kserve/publication.ts'
import { dedupeEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { endpointsOf, findService, HTTP_PORT, isHeadless, resolveService, targetPort } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import type { PathKinds } from './caller.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import { routingAtGateways } from './component-world.ts'
import { enterGateway, hopToBackends } from './external-hops.ts'
import { externalRoutes } from './external-route.ts'
import { followFromPod } from './follow.ts'
import { byOneHop, inSequence } from './hop-sequence.ts'
import { unknownHop, unpublishedHop } from './ingress-hops.ts'
import { httpPort, toService } from './predicted-objects.ts'
import { kubeletProbes } from './probe-paths.ts'
import type { PathTemplate, PathTemplates } from './request-path.ts'
import { routedPaths } from './routed-addresses.ts'
import type { World } from './world.ts'

/** Paths to a component in Standard mode: directly to its Service; externally by an Ingress or an HTTPRoute. */
export function standardPaths(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): PathTemplates {
  const { namespace } = service
  const host = serviceHost(namespace, component.service, view.settings.clusterDomain)
  const found = findService(view, host)
  const port = found?.spec.ports[0]
  const endpoints = found === undefined || port === undefined ? [] : endpointsOf(view, found, port)
  const [servicePort, podPort] = component.authProxy ? [AUTH_PROXY_PORT, AUTH_PROXY_PORT] : [HTTP_PORT, STANDARD_PORT]
  const nextEndpoint = (workload: Workload) => ({ workload, port: (port && targetPort(port, workload)) ?? podPort })
  const destination: Destination = {
    host,
    namespace,
    port: port?.port ?? servicePort,
    headless: found !== undefined && isHeadless(found),
    endpoints: endpoints.length > 0 ? dedupeEndpoints(endpoints) : pods.map(nextEndpoint)
  }
  const world = worldOf(view, pods, destination)
  return {
    hosts: [host],
    // The Service may select other pods than those of the model.
    servers: [
      ...new Set([
        ...pods,
        ...destination.endpoints.map(({ workload }) => workload),
        ...waypointsBefore(view, destination)
      ])
    ],
    external: external(world, service, component, destination),
    probes: kubeletProbes(view, component, destination, pods, STANDARD_PORT),
    to: (address, { caller, entry = address, pods: from, expected }) =>
      address === 'component'
        ? []
        : [
            {
              ...caller,
              entry,
              expected,
              candidates: candidateCalls(from, callsTo(view, service, host)),
              follow: request => followFromPod(world, request, destination.port)
            }
          ]
  }
}

/** What requests to the Service of a component meet. Its objects exist, but for the Service of a new model. */
function worldOf(view: View<PathKinds>, pods: readonly Workload[], ownDestination: Destination): World {
  const { host, namespace, port, endpoints } = ownDestination
  const [name = ''] = host.split('.')
  const expected = toService(namespace, name, undefined, [httpPort(port)])
  const get = (of: string, service: string) =>
    view.get('Service', of, service) ?? (of === namespace && service === name ? expected : undefined)
  const registry: Registry = {
    virtualServicesFor: one => view.virtualServicesFor(one),
    resolve: one => resolveService(one, view.settings.clusterDomain, get)
  }
  return {
    ...registry,
    view,
    routeAtGateway: routingAtGateways(view, registry),
    findRevision: () => undefined,
    ownDestination,
    isGatewayHost: () => false,
    known: new Map(),
    isOwnPod: pod => pods.includes(pod) || endpoints.some(({ workload }) => workload === pod)
  }
}

/** External paths by the Ingress or HTTPRoute of a model, if KServe creates one, and by VirtualServices. */
function external(
  world: World,
  service: InferenceService,
  component: Component,
  destination: Destination
): readonly PathTemplate[] {
  const { view } = world
  const publication = publicationOf(view, service)
  const { addresses, unknownReason } = publication
  const toTemplate = (entry: string, host: string, path: string, follow: PathTemplate['follow']): PathTemplate => ({
    caller: 'external',
    from: undefined,
    entry,
    candidates: candidateCalls([NON_MESH_CLIENT], callsTo(view, service, host, path)),
    follow
  })
  if (unknownReason !== undefined) return [toTemplate('address', '', '', () => [byOneHop(unknownHop(unknownReason))])]
  const routes = externalRoutes(view, service)
  const own = addresses.map(address => {
    const route = routes.get(address.name)
    const follow =
      address.name === STATUS_URL || route === undefined
        ? () => [byOneHop(unpublishedHop(view, publication, address))]
        : inSequence([
            enterGateway(view, destination, route),
            hopToBackends(view, service, route, { component, destination })
          ])
    return {
      ...toTemplate(address.name, address.host, address.path, follow),
      address: addressPattern(service, address)
    }
  })
  return [...own, ...routedPaths(world, service, [destination.host], addresses)]
}
