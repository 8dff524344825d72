import { isScraped, scrape } from './activator.ts'
import type { RouteNeed } from './call-result.ts'
import { CALLER, type Origin, startsOf } from './callers.ts'
import type { Destination } from './client.ts'
import type { ConfigurationCut, HopName } from './hop.ts'
import { serviceHost } from './host.ts'
import { callsTo, callTo } from './inference-request.ts'
import { type Component, type InferenceService, QUEUE_PORT } from './inference-service.ts'
import { type Entered, enter } from './ingress-entry.ts'
import { knativeGateways, publicDomain, systemPods } from './knative.ts'
import { ingressOf } from './kserve.ts'
import { kubeletProbes, probe } from './probe-paths.ts'
import {
  handOn,
  type PathKinds,
  type Step,
  send,
  type Traffic,
  toServiceRef,
  type Way,
  type Ways
} from './request-path.ts'
import { findKnativeRefusal, legsTo, revisionDestination } from './revision.ts'
import { findService } from './service.ts'
import { entryServices, podsOfGateway, toDestination } from './service-resolution.ts'
import { scopeOf } from './sidecar.ts'
import type { View } from './snapshot.ts'
import type { Workload } from './workload.ts'

const VISIBILITY = 'networking.knative.dev/visibility'
/** The port that KServe's VirtualService sends to, and that callers in the cluster use. */
const HTTP_PORT = 80

/**
 * The ways to a component on Knative. By the component's host a request reaches the revision by Knative's own routes;
 * by the model's own address it passes, while KServe's top-level VirtualService is on, Knative's local gateway first.
 * @see kserve pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go
 */
export function knativeWays(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): Ways {
  const { config } = ingressOf(view)
  const { namespace, name } = service
  const knative = knativeGateways(view)
  const [host, own] = [component.service, name].map(one =>
    serviceHost(namespace, one, view.settings.clusterDomain)
  ) as [string, string]
  const local = toDestination(view, config.knativeLocalGatewayService, HTTP_PORT, host)
  const gateways = local.endpoints.map(({ workload }) => workload)
  const route: RouteNeed = { boundTo: knative.local.map(({ gateway }) => gateway), host }
  const again = (hop: HopName) =>
    send(view, hop, local, {
      need: route,
      rewrite: ({ token }) => callTo(view, service, host, token),
      nameWithoutRoute: 'local-gateway->component'
    })

  const refused = findKnativeRefusal(service, component)
  const revision = revisionDestination(view, service, component, pods)
  const legs = legsTo(view, component, revision)
  const rest = (steps: readonly Step[], from: 'gateway' | 'caller') =>
    refused === undefined ? { steps, legs: legs(from) } : { steps: [refusal(refused)], legs: [] }
  const way = (
    origin: Origin,
    entry: string,
    called: string,
    steps: readonly Step[],
    from: 'gateway' | 'caller'
  ): Way => ({
    ...origin.caller,
    entry: origin.entry ?? entry,
    needed: origin.needed,
    starts: startsOf(origin.pods, callsTo(view, service, called)),
    ...rest(steps, from)
  })
  const topLevel = !config.disableIstioVirtualHost
  return {
    hosts: [config.knativeLocalGatewayService, host],
    servers: [...pods, ...systemPods(view, 'activator'), ...gateways],
    external: toPublic(
      view,
      service,
      topLevel ? name : component.service,
      topLevel ? config.ingressGateway : knative.external[0]?.gateway
    ).map(({ called, step }) =>
      way(OUTSIDE, 'address', called, topLevel ? [step, again('ingress-gateway->local-gateway')] : [step], 'gateway')
    ),
    probes: refused === undefined ? probes(view, component, revision, pods) : [],
    to: (address, origin) => {
      const byOwn = topLevel && address === 'address'
      if (knows(view, origin, byOwn ? local : revision)) {
        return [
          byOwn
            ? way(origin, address, own, [again('caller->local-gateway')], 'gateway')
            : way(origin, address, host, [], 'caller')
        ]
      }
      if (byOwn) {
        const entrance = enterLocal(view, config.localGatewayService, { boundTo: [config.localGateway], host: own })
        return [way(origin, address, own, [entrance, again('ingress-gateway->local-gateway')], 'gateway')]
      }
      const [first] = knative.local
      return first === undefined
        ? []
        : [way(origin, address, host, [enterLocal(view, first.service, route)], 'gateway')]
    }
  }
}

/** Has the caller a sidecar that knows the destination? One that does not passes on what it gets as it comes. */
function knows(view: View<PathKinds>, { pods: [pod] }: Origin, { host, namespace, port }: Destination): boolean {
  return pod.proxy === 'sidecar' && scopeOf(view, pod).imports({ host, namespace, ports: [port] })
}

const OUTSIDE: Origin = { caller: { caller: 'external', from: undefined }, pods: [CALLER] }

/** From outside, by whatever public port the Gateway (`namespace/name`) serves; not at all where nothing is published. */
function toPublic(
  view: View<PathKinds>,
  { namespace, labels }: InferenceService,
  shown: string,
  gateway: string | undefined
): readonly { readonly called: string; readonly step: Step }[] {
  const domain = labels[VISIBILITY] === 'cluster-local' ? undefined : publicDomain(view)
  if (domain === undefined || gateway === undefined) return []
  const [of = '', name = ''] = gateway.split('/')
  const found = view.get('Gateway', of, name)
  const pods = found === undefined ? [] : podsOfGateway(view, found)
  const services = entryServices(view, pods)
  const address = { apiVersion: 'networking.istio.io/v1beta1', kind: 'Gateway', namespace: of, name }
  const called = `${shown}.${namespace}.${domain}`
  const need = { boundTo: [gateway], host: called }
  return [
    {
      called,
      step: enterBy(view, 'caller->ingress-gateway', pods, traffic =>
        enter(view, services, address, traffic.call, need)
      )
    }
  ]
}

/** From a pod without sidecar, by the gateway that the name it calls leads to. */
function enterLocal(view: View<PathKinds>, address: string, need: RouteNeed): Step {
  const found = findService(view, address)
  const port = found?.spec.ports[0]?.port ?? HTTP_PORT
  const pods = toDestination(view, address, port).endpoints.map(({ workload }) => workload)
  const services = found === undefined ? [] : [found]
  return enterBy(view, 'caller->local-gateway', pods, ({ call }) =>
    enter(view, services, toServiceRef(address), call, need)
  )
}

function enterBy(
  view: View<PathKinds>,
  name: HopName,
  at: readonly Workload[],
  enter: (traffic: Traffic) => Entered
): Step {
  return traffic => ({ hop: { name, ...enter(traffic) }, next: { at, call: handOn(view, at, traffic.call) } })
}

/** Without metrics the autoscaler neither scales a model nor takes the activator off its path. */
function probes(
  view: View<PathKinds>,
  component: Component,
  revision: Destination,
  pods: readonly Workload[]
): readonly Way[] {
  const metrics: Step = next => ({ hop: { name: 'autoscaler->pod', ...scrape(view, revision) }, next })
  return [
    ...(isScraped(view, component) ? [probe('autoscaler', metrics)] : []),
    ...kubeletProbes(view, component, revision, pods, QUEUE_PORT)
  ]
}

function refusal(cut: ConfigurationCut): Step {
  return next => ({ hop: { name: 'controller', passages: [], cut }, next })
}
