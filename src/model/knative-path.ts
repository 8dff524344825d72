import { findActivatorCut, legsOf, toEndpoints } from './activator.ts'
import { findBurstCapacity } from './burst-capacity.ts'
import type { Destination } from './client.ts'
import { type Component, type InferenceService, QUEUE_PORT, revisionOf } from './inference-service.ts'
import { knativeGateways, publicDomain, systemPods } from './knative.ts'
import { ingressOf } from './kserve.ts'
import {
  CALLER,
  entryServices,
  findCut,
  findEntryCut,
  podsOfGateway,
  type RouteNeed,
  toDestination,
  toServiceRef
} from './reach.ts'
import { toRef } from './resource.ts'
import { findService } from './service.ts'
import type { View } from './snapshot.ts'
import type { ConfigurationCut, HopName } from './verdict.ts'
import { hostOf, meshCaller, meshCallers, type Path, type PathKinds, type Step, type Way } from './way.ts'
import type { Workload } from './workload.ts'

const VISIBILITY = 'networking.knative.dev/visibility'
/** The port that KServe's VirtualService sends to, and that callers in the cluster use. */
const HTTP_PORT = 80

/**
 * The ways to a model on Knative. By its component's host a request reaches the revision by Knative's own routes; by
 * the model's own address it passes, while KServe's top-level VirtualService is on, Knative's local gateway first.
 * @see kserve pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go
 */
export function knativePaths(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): readonly Way[] {
  const { config } = ingressOf(view)
  const knative = knativeGateways(view)
  const host = hostOf(view, service, component.service)
  const route: RouteNeed = { boundTo: knative.local.map(({ gateway }) => gateway), host }
  const domain = service.labels[VISIBILITY] === 'cluster-local' ? undefined : publicDomain(view)
  const callers = meshCallers(view, [config.knativeLocalGatewayService, host])

  const refused = findRefusal(service, component)
  const legs = legSteps(view, service, component, pods)
  const way = (steps: readonly Step[], from: 'gateway' | 'caller') =>
    refused === undefined ? { steps, legs: legs(from) } : { steps: [refusal(refused)], legs: [] }
  const external = (name: string, gateway: string | undefined, rest: readonly Step[]): Way[] => {
    if (domain === undefined || gateway === undefined) return []
    const enter = enterPublic(view, gateway, `${name}.${service.namespace}.${domain}`)
    return [{ ...OUTSIDE, start: [CALLER], ...way([enter, ...rest], 'gateway') }]
  }
  const inMesh = (entry: Path['entry'], steps: readonly Step[], from: 'gateway' | 'caller'): Way[] =>
    callers.map(client => ({ ...meshCaller(client), entry, start: [client], ...way(steps, from) }))
  const nonMesh = (steps: readonly Step[]): Way[] => [{ ...NAKED, start: [CALLER], ...way(steps, 'gateway') }]

  const byComponent = inMesh('component', [], 'caller')
  if (config.disableIstioVirtualHost) {
    return [
      ...byComponent,
      ...external(component.service, knative.external[0]?.gateway, []),
      ...inMesh('address', [], 'caller'),
      ...knative.local.slice(0, 1).flatMap(local => nonMesh([enterLocal(view, local.service, route)]))
    ]
  }
  const again = (name: HopName) => passLocalGateway(view, config.knativeLocalGatewayService, name, route)
  const own: RouteNeed = { boundTo: [config.localGateway], host: hostOf(view, service, service.name) }
  return [
    ...byComponent,
    ...external(service.name, config.ingressGateway, [again('ingress-gateway->local-gateway')]),
    ...inMesh('address', [again('caller->local-gateway')], 'gateway'),
    ...nonMesh([enterLocal(view, config.localGatewayService, own), again('ingress-gateway->local-gateway')])
  ]
}

const OUTSIDE = { caller: 'external', from: undefined, entry: 'address' } as const
const NAKED = { caller: 'non-mesh', from: undefined, entry: 'address' } as const

/** From outside, by whatever public port the Gateway (`namespace/name`) serves. */
function enterPublic(view: View<PathKinds>, gateway: string, host: string): Step {
  return () => {
    const [namespace = '', name = ''] = gateway.split('/')
    const found = view.get('Gateway', namespace, name)
    const pods = found === undefined ? [] : podsOfGateway(view, found)
    const address = { apiVersion: 'networking.istio.io/v1beta1', kind: 'Gateway', namespace, name }
    const cut = findEntryCut(view, entryServices(view, pods), address, { boundTo: [gateway], host })
    return { hop: { name: 'caller->ingress-gateway', cut }, reached: pods }
  }
}

/** From a pod without sidecar, by the gateway that the model's name leads to. */
function enterLocal(view: View<PathKinds>, address: string, need: RouteNeed): Step {
  return () => {
    const found = findService(view, address)
    const cut = findEntryCut(view, found === undefined ? [] : [found], toServiceRef(address), need)
    const port = found?.spec.ports[0]?.port ?? HTTP_PORT
    const { endpoints } = toDestination(view, address, port)
    return { hop: { name: 'caller->local-gateway', cut }, reached: endpoints.map(({ workload }) => workload) }
  }
}

/** As a client of the mesh, through Knative's local gateway, with the Host that KServe has rewritten. */
function passLocalGateway(view: View<PathKinds>, address: string, name: HopName, need: RouteNeed): Step {
  const destination = toDestination(view, address, HTTP_PORT, need.host)
  const reached = destination.endpoints.map(({ workload }) => workload)
  return clients => {
    const cut = findCut(view, clients, destination, need)
    return { hop: { name: cut?.cause === 'no-route' ? 'local-gateway->component' : name, cut }, reached }
  }
}

/** From a gateway or a caller's sidecar to the revision: to its pods, or by way of the activator. */
function legSteps(view: View<PathKinds>, service: InferenceService, component: Component, pods: readonly Workload[]) {
  const revision: Destination = {
    host: hostOf(view, service, revisionOf(service, component)),
    namespace: service.namespace,
    port: HTTP_PORT,
    headless: false,
    endpoints: toEndpoints(pods, QUEUE_PORT)
  }
  const activators = systemPods(view, 'activator')
  const behindActivator = { ...revision, endpoints: toEndpoints(activators, QUEUE_PORT) }
  const legs = legsOf(view, component, revision, pods)
  return (from: 'gateway' | 'caller'): Way['legs'] =>
    legs.map(leg => ({
      leg,
      steps:
        leg === 'direct'
          ? [clients => ({ hop: { name: `${from}->pod`, cut: findCut(view, clients, revision) }, reached: pods })]
          : [
              clients => ({
                hop: { name: `${from}->activator`, cut: findCut(view, clients, behindActivator) },
                reached: activators
              }),
              () => ({ hop: { name: 'activator->pod', cut: findActivatorCut(view, revision, pods) }, reached: pods })
            ]
    }))
}

/** KServe passes a burst capacity on as it is; Knative refuses the Service, and the model gets no route. */
function findRefusal(service: InferenceService, { name, annotations }: Component): ConfigurationCut | undefined {
  const capacity = findBurstCapacity(annotations)
  if (capacity === undefined || capacity.value !== undefined) return undefined
  const onComponent = service.spec[name]?.annotations[capacity.key] !== undefined
  return {
    cause: 'configuration-rejected',
    object: toRef(service),
    field: `${onComponent ? `spec.${name}` : 'metadata'}.annotations[${capacity.key}]`,
    value: capacity.text,
    why: 'it must be -1, or a number that is not negative',
    by: 'Knative'
  }
}

function refusal(cut: ConfigurationCut): Step {
  return reached => ({ hop: { name: 'controller', cut }, reached })
}
