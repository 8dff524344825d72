import type { Destination } from '../istio/client.ts'
import { scopeOf } from '../istio/sidecar.ts'
import { knativeGateways, publicDomain, systemPods } from '../knative/knative.ts'
import { callsTo, callTo } from '../kserve/inference-request.ts'
import { type Component, type InferenceService, QUEUE_PORT } from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { findService } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { isScraped, metricsScrape } from './activator.ts'
import type { RequiredRoute } from './call-result.ts'
import type { InFlightRequest, PathKinds, TrafficSource } from './caller.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import { forwardCall } from './evaluate-calls.ts'
import type { ConfigurationRejected, HopName } from './hop.ts'
import { type IngressResult, tryIngress } from './ingress-entry.ts'
import { kubeletProbes, probe } from './probe-paths.ts'
import { type HopEvaluator, hopTo, type PathTemplate, type PathTemplates } from './request-path.ts'
import { findKnativeRejection, pathsToRevision, revisionDestination } from './revision.ts'
import { entryServices, podsOfGateway, toDestination, toServiceRef } from './service-resolution.ts'

const VISIBILITY = 'networking.knative.dev/visibility'
/** Port that KServe's VirtualService routes to and that callers in the cluster use. */
const HTTP_PORT = 80

/**
 * Paths to a component on Knative. Requests to the predictor host use Knative's routes; requests to the InferenceService
 * URL pass Knative's local gateway first, while KServe's top-level VirtualService is enabled.
 * @see kserve pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go
 */
export function knativePaths(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): PathTemplates {
  const { config } = ingressOf(view)
  const { namespace, name } = service
  const knative = knativeGateways(view)
  const [host, own] = [component.service, name].map(one =>
    serviceHost(namespace, one, view.settings.clusterDomain)
  ) as [string, string]
  const local = toDestination(view, config.knativeLocalGatewayService, HTTP_PORT, host)
  const gateways = local.endpoints.map(({ workload }) => workload)
  const route: RequiredRoute = { boundTo: knative.local.map(({ gateway }) => gateway), host }
  const again = (hop: HopName) =>
    hopTo(view, hop, local, {
      requiredRoute: route,
      rewrite: ({ token }) => callTo(view, service, host, token),
      nameWithoutRoute: 'local-gateway->component'
    })

  const refused = findKnativeRejection(service, component)
  const revision = revisionDestination(view, service, component, pods)
  const branches = pathsToRevision(view, component, revision)
  const rest = (steps: readonly HopEvaluator[], from: 'gateway' | 'caller') =>
    refused === undefined ? { steps, branches: branches(from) } : { steps: [rejection(refused)], branches: [] }
  const toTemplate = (
    source: TrafficSource,
    entry: string,
    called: string,
    steps: readonly HopEvaluator[],
    from: 'gateway' | 'caller'
  ): PathTemplate => ({
    ...source.caller,
    entry: source.entry ?? entry,
    expected: source.expected,
    candidates: candidateCalls(source.pods, callsTo(view, service, called)),
    ...rest(steps, from)
  })
  const topLevel = !config.disableIstioVirtualHost
  return {
    hosts: [config.knativeLocalGatewayService, host],
    servers: [...pods, ...systemPods(view, 'activator'), ...gateways],
    external: publicPath(
      view,
      service,
      topLevel ? name : component.service,
      topLevel ? config.ingressGateway : knative.external[0]?.gateway
    ).map(({ called, step }) =>
      toTemplate(
        EXTERNAL_CLIENT,
        'address',
        called,
        topLevel ? [step, again('ingress-gateway->local-gateway')] : [step],
        'gateway'
      )
    ),
    probes: refused === undefined ? probes(view, component, revision, pods) : [],
    to: (address, source) => {
      const byOwn = topLevel && address === 'address'
      if (importsDestination(view, source, byOwn ? local : revision)) {
        return [
          byOwn
            ? toTemplate(source, address, own, [again('caller->local-gateway')], 'gateway')
            : toTemplate(source, address, host, [], 'caller')
        ]
      }
      if (byOwn) {
        const entrance = hopToLocalGateway(view, config.localGatewayService, {
          boundTo: [config.localGateway],
          host: own
        })
        return [toTemplate(source, address, own, [entrance, again('ingress-gateway->local-gateway')], 'gateway')]
      }
      const [first] = knative.local
      return first === undefined
        ? []
        : [toTemplate(source, address, host, [hopToLocalGateway(view, first.service, route)], 'gateway')]
    }
  }
}

/** True if the caller has a sidecar that imports the destination. Otherwise the sidecar forwards requests unchanged. */
function importsDestination(
  view: View<PathKinds>,
  { pods: [pod] }: TrafficSource,
  { host, namespace, port }: Destination
): boolean {
  return pod.proxy === 'sidecar' && scopeOf(view, pod).imports({ host, namespace, ports: [port] })
}

const EXTERNAL_CLIENT: TrafficSource = { caller: { caller: 'external', from: undefined }, pods: [NON_MESH_CLIENT] }

/** External path by any public port of the Gateway (`namespace/name`); none if the model is not published. */
function publicPath(
  view: View<PathKinds>,
  { namespace, labels }: InferenceService,
  shown: string,
  gateway: string | undefined
): readonly { readonly called: string; readonly step: HopEvaluator }[] {
  const domain = labels[VISIBILITY] === 'cluster-local' ? undefined : publicDomain(view)
  if (domain === undefined || gateway === undefined) return []
  const [of = '', name = ''] = gateway.split('/')
  const found = view.get('Gateway', of, name)
  const pods = found === undefined ? [] : podsOfGateway(view, found)
  const services = entryServices(view, pods)
  const address = { apiVersion: 'networking.istio.io/v1beta1', kind: 'Gateway', namespace: of, name }
  const called = `${shown}.${namespace}.${domain}`
  const requiredRoute = { boundTo: [gateway], host: called }
  return [
    {
      called,
      step: hopThrough(view, 'caller->ingress-gateway', pods, traffic =>
        tryIngress(view, services, address, traffic.call, requiredRoute)
      )
    }
  ]
}

/** From a pod without a sidecar, by the gateway that the host resolves to. */
function hopToLocalGateway(view: View<PathKinds>, address: string, requiredRoute: RequiredRoute): HopEvaluator {
  const found = findService(view, address)
  const port = found?.spec.ports[0]?.port ?? HTTP_PORT
  const pods = toDestination(view, address, port).endpoints.map(({ workload }) => workload)
  const services = found === undefined ? [] : [found]
  return hopThrough(view, 'caller->local-gateway', pods, ({ call }) =>
    tryIngress(view, services, toServiceRef(address), call, requiredRoute)
  )
}

function hopThrough(
  view: View<PathKinds>,
  name: HopName,
  at: readonly Workload[],
  enter: (traffic: InFlightRequest) => IngressResult
): HopEvaluator {
  return traffic => ({ hop: { name, ...enter(traffic) }, next: { at, call: forwardCall(view, at, traffic.call) } })
}

/** Without metrics the autoscaler neither scales a model nor removes the activator from its path. */
function probes(
  view: View<PathKinds>,
  component: Component,
  revision: Destination,
  pods: readonly Workload[]
): readonly PathTemplate[] {
  const metrics: HopEvaluator = next => ({ hop: { name: 'autoscaler->pod', ...metricsScrape(view, revision) }, next })
  return [
    ...(isScraped(view, component) ? [probe('autoscaler', metrics)] : []),
    ...kubeletProbes(view, component, revision, pods, QUEUE_PORT)
  ]
}

function rejection(failure: ConfigurationRejected): HopEvaluator {
  return next => ({ hop: { name: 'controller', calls: [], failure }, next })
}
