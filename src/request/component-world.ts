import type { Chain } from '../istio/gateway.ts'
import { gatewayRoute } from '../istio/gateway-route.ts'
import type { Call } from '../istio/request.ts'
import type { Registry } from '../istio/sidecar-route.ts'
import { gatewaysOf, isExportedTo, MESH, type VirtualService } from '../istio/virtual-service.ts'
import {
  type Component,
  type InferenceService,
  isOfRevision,
  previousRevisionOf,
  revisionOf
} from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { getOrAdd } from '../state/map.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { activatorModesOf } from './activator.ts'
import type { RouteAtGateway } from './call-result.ts'
import type { PathKinds } from './caller.ts'
import { registryOf } from './predicted-objects.ts'
import { revisionDestination } from './revision.ts'
import type { NoRouteReason } from './route-failure.ts'
import type { Revision, World } from './world.ts'

/** What the requests to a component on Knative meet. */
export function worldOf(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): World {
  const registry = registryOf(view, service)
  const { knativeLocalGatewayService, localGatewayService } = ingressOf(view).config
  const gatewayHosts = [knativeLocalGatewayService, localGatewayService]
  const revisions = new Map<string, Revision>()
  return {
    ...registry,
    view,
    routeAtGateway: routingAtGateways(view, registry),
    known: new Map(),
    isGatewayHost: host => gatewayHosts.includes(host),
    isOwnPod: pod => pods.includes(pod),
    findRevision: host => {
      const name = revisionIn(service, component, host, view.settings.clusterDomain)
      return name === undefined
        ? undefined
        : getOrAdd(revisions, name, () => toRevisionOf(view, service, component, pods, name))
    }
  }
}

/** Name of a revision of the component, if the cluster host is that of one. */
function revisionIn(
  { namespace }: InferenceService,
  { service }: Component,
  host: string,
  clusterDomain: string
): string | undefined {
  const [name = ''] = host.split('.')
  const isOwn = host === `${name}.${namespace}.svc.${clusterDomain}` && name.startsWith(`${service}-`)
  return isOwn && /^\d{5,}$/.test(name.slice(service.length + 1)) ? name : undefined
}

function toRevisionOf(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[],
  name: string
): Revision {
  const own = pods.filter(pod => isOfRevision(pod, name))
  const latest = revisionOf(service, component)
  const destination = revisionDestination(view, service, component, own.length > 0 ? own : pods, name)
  return {
    destination,
    modes: activatorModesOf(view, component, destination),
    isScaledToZero: own.length === 0 && name !== latest && pods.some(pod => isOfRevision(pod, latest)),
    ...(own.length > 0 && name === previousRevisionOf(service, component) ? { revision: 'previous' } : {})
  }
}

/** Routes of gateways by these objects. */
export function routingAtGateways(view: View<PathKinds>, registry: Registry): RouteAtGateway {
  const known = new Map<Chain, Map<Call, ReturnType<RouteAtGateway>>>()
  return (gateway, chain, call) =>
    getOrAdd(
      getOrAdd(known, chain, () => new Map<Call, ReturnType<RouteAtGateway>>()),
      call,
      () => gatewayRoute(view, registry, gateway, chain, call) ?? whyNoRoute(view, registry, gateway, chain, call.host)
    )
}

/** Gateways that the VirtualServices for a host are bound to, and one that the gateway does not see. */
function whyNoRoute(
  view: View<PathKinds>,
  { virtualServicesFor }: Registry,
  { namespace }: Workload,
  { servers }: Chain,
  host: string
): NoRouteReason {
  const all = virtualServicesFor(host)
  const own = servers.map(({ gateway }) => `${gateway.namespace}/${gateway.name}`)
  const isBound = (one: VirtualService) => own.some(name => gatewaysOf(one).has(name))
  return {
    is: 'none',
    boundTo: [...new Set(all.flatMap(one => [...gatewaysOf(one)]))].filter(name => name !== MESH).sort(),
    hidden: all.find(one => isBound(one) && !isExportedTo(view, one, namespace))
  }
}
