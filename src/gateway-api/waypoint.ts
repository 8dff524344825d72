import { HBONE_PORT, isAmbient } from '../istio/ambient.ts'
import type { Destination } from '../istio/client.ts'
import type { Endpoint } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { parseGoBool } from '../text/go-bool.ts'
import type { Labels } from '../text/selector.ts'
import { admitsNamespace, type KubernetesGateway } from './listeners.ts'

/** Kinds that decide which waypoint handles a request. */
export type WaypointKinds = BindingKinds | 'Service' | 'Pod'
type BindingKinds = 'Namespace' | 'KubernetesGateway' | 'GatewayClass'

export const USE_WAYPOINT = 'istio.io/use-waypoint'
const OF_NAMESPACE = 'istio.io/use-waypoint-namespace'
const CANARY = 'istio.io/use-waypoint-canary'
export const FOR_INGRESS = 'istio.io/ingress-use-waypoint'
export const WAYPOINT_FOR = 'istio.io/waypoint-for'
export const MANAGED = 'gateway.istio.io/managed'
/** Value of the label of Services and pods that Istio creates for a waypoint. */
export const MESH_CONTROLLER = 'istio.io-mesh-controller'
const INBOUND_BINDING = 'ambient.istio.io/waypoint-inbound-binding'

/** Why the waypoint that a label names does not handle requests, which go to the pods without it. */
export type Unbound = 'missing' | 'not-ready' | 'namespace-not-allowed' | 'other-traffic'

/** Waypoint that labels of an object, or of its namespace, name. */
export type Binding =
  | { readonly is: 'bound'; readonly gateway: KubernetesGateway }
  | { readonly is: 'unbound'; readonly why: Unbound; readonly namespace: string; readonly name: string }
  /** It decides, and is not modeled. */
  | { readonly is: 'unknown'; readonly reason: string }

const UNBOUND: Readonly<Record<Unbound, string>> = {
  missing: 'does not exist',
  'not-ready': 'is not ready',
  'namespace-not-allowed': 'does not allow routes of the namespace',
  'other-traffic': 'handles other requests'
}

/** Why labels bind no waypoint, for messages. */
export const unboundText = ({ why, namespace, name }: Extract<Binding, { readonly is: 'unbound' }>) =>
  `waypoint ${namespace}/${name} ${UNBOUND[why]}`

/** Object, existing or expected, that can have a waypoint. */
interface Target {
  readonly namespace: string
  readonly labels: Labels
}

/** Requests to a Service, or to addresses of pods. */
type Traffic = 'service' | 'workload'

/**
 * Waypoint of a Service or pod; absent if no label names one. A label of the object takes precedence over one of the namespace,
 * even if it binds nothing.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/waypoints.go (fetchWaypointForTarget)
 */
export function bindingOf(view: View<BindingKinds>, target: Target, traffic: Traffic): Binding | undefined {
  const { namespace, labels } = target
  if (labels[MANAGED] === MESH_CONTROLLER) return undefined
  const ofNamespace = view.get('Namespace', '', namespace)?.labels ?? {}
  const source = labels[USE_WAYPOINT] === undefined ? ofNamespace : labels
  const { [USE_WAYPOINT]: name, [OF_NAMESPACE]: own = namespace } = source
  if (name === undefined || name === 'none') return undefined
  if ((source[CANARY] ?? 'none') !== 'none') return { is: 'unknown', reason: `label ${CANARY} is not modeled` }
  const gateway = view.get('KubernetesGateway', own, name)
  const unbound = (why: Unbound): Binding => ({ is: 'unbound', why, namespace: own, name })
  if (gateway === undefined) return unbound('missing')
  const unmodeled = unmodeledPart(view, gateway)
  if (unmodeled !== undefined)
    return { is: 'unknown', reason: `${unmodeled} of waypoint ${own}/${name} is not modeled` }
  if (!isReady(gateway)) return unbound('not-ready')
  if (!allows(view, gateway, namespace)) return unbound('namespace-not-allowed')
  return ['all', traffic].includes(trafficOf(view, gateway)) ? { is: 'bound', gateway } : unbound('other-traffic')
}

/** What a waypoint does that Istio's own does not, by default. */
function unmodeledPart(view: View<BindingKinds>, { spec, annotations }: KubernetesGateway): string | undefined {
  const found = view.get('GatewayClass', '', spec.gatewayClassName)
  const controller = found?.spec.controllerName ?? 'istio.io/mesh-controller'
  if (controller !== 'istio.io/mesh-controller') return `controller ${controller}`
  return (annotations[INBOUND_BINDING] ?? found?.annotations[INBOUND_BINDING]) && `annotation ${INBOUND_BINDING}`
}

/** False if its controller has reported that it has no address. One that no controller has seen yet will get one. */
function isReady({ status }: KubernetesGateway): boolean {
  const { addresses = [], conditions = [] } = status ?? {}
  return addresses.length > 0 || conditions.every(one => one.status === undefined || one.status === 'Unknown')
}

function allows(view: View<BindingKinds>, gateway: KubernetesGateway, namespace: string): boolean {
  const listener = gateway.spec.listeners.find(({ protocol, port }) => protocol === 'HBONE' && port === HBONE_PORT)
  return listener === undefined ? namespace === gateway.namespace : admitsNamespace(view, gateway, listener, namespace)
}

const trafficOf = (view: View<BindingKinds>, { labels, spec }: KubernetesGateway) =>
  labels[WAYPOINT_FOR] ?? view.get('GatewayClass', '', spec.gatewayClassName)?.labels[WAYPOINT_FOR] ?? 'service'

/**
 * Binding that applies to a call; absent if none does. Captured pods pass waypoints, gateways only those of Services with a label
 * for it, sidecars and pods without proxy none.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/services.go (ingressUseWaypointFromLabels), ztunnel 62d8265 src/proxy/outbound.rs
 * (build_request)
 */
export function waypointOnTheWay(
  view: View<WaypointKinds>,
  client: Workload,
  destination: Destination,
  { workload }: Endpoint
): Binding | undefined {
  if (!isByAddress(client, destination)) return serviceWaypoint(view, client, destination)
  return isCaptured(view, client) ? bindingOf(view, workload, 'workload') : undefined
}

/** Binding that applies to all calls to a Service; absent for calls to the addresses of its pods. */
export function serviceWaypoint(
  view: View<WaypointKinds>,
  client: Workload,
  destination: Destination
): Binding | undefined {
  const isGateway = client.proxy === 'gateway'
  if (isByAddress(client, destination) || !(isGateway || isCaptured(view, client))) return undefined
  const { host, namespace } = destination
  const labels = view.get('Service', namespace, nameIn(host))?.labels ?? {}
  if (isGateway) {
    const value = labels[FOR_INGRESS] ?? view.get('Namespace', '', namespace)?.labels[FOR_INGRESS]
    if (parseGoBool(value ?? '') !== true) return undefined
  }
  return bindingOf(view, { namespace, labels }, 'service')
}

const isCaptured = (view: View<'Namespace'>, client: Workload) => client.proxy === 'none' && isAmbient(view, client)

/** The address of a headless Service is that of a pod; gateways call it as a Service. */
export const isByAddress = ({ proxy }: Workload, { headless, byAddress }: Destination) =>
  byAddress === true || (headless && proxy !== 'gateway')

export const nameIn = (host: string) => host.replace(/\..*/, '')
