import type { Destination } from '../istio/client.ts'
import { scopeOf } from '../istio/sidecar.ts'
import { type KnativeGateways, knativeGateways, systemPods } from '../knative/knative.ts'
import { callsTo, callTo } from '../kserve/inference-request.ts'
import { type Component, type InferenceService, QUEUE_PORT } from '../kserve/inference-service.ts'
import { type IngressConfig, ingressOf } from '../kserve/kserve.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { isScraped, metricsScrape } from './activator.ts'
import type { RequiredRoute } from './call-result.ts'
import type { PathKinds, TrafficSource } from './caller.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import type { ConfigurationRejected, HopName } from './hop.ts'
import { hopToLocalGateway, publicPath } from './knative-ingress.ts'
import { kubeletProbes, probe } from './probe-paths.ts'
import { type HopEvaluator, hopTo, type PathTemplate, type PathTemplates } from './request-path.ts'
import { findKnativeRejection, pathsToRevision, revisionDestination } from './revision.ts'
import { toDestination } from './service-resolution.ts'

/** Port that KServe's VirtualService routes to and that callers in the cluster use. */
const HTTP_PORT = 80

/** Configuration and destinations that all paths to one component share. */
interface KnativeContext {
  readonly view: View<PathKinds>
  readonly service: InferenceService
  readonly component: Component
  readonly config: IngressConfig
  readonly gateways: KnativeGateways
  /** Predictor host: the Knative Service of the component. */
  readonly componentHost: string
  /** Host of the InferenceService URL. */
  readonly modelHost: string
  /** Knative's local gateway, as KServe's top-level VirtualService routes to it. */
  readonly localGateway: Destination
  /** Route of the Knative Service at the local gateway. */
  readonly localRoute: RequiredRoute
  readonly revision: Destination
  readonly rejected: ConfigurationRejected | undefined
  readonly branchesFrom: (from: 'gateway' | 'caller') => PathTemplate['branches']
}

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
  const context = contextOf(view, service, component, pods)
  const { config, componentHost, localGateway, revision, rejected } = context
  const gatewayPods = localGateway.endpoints.map(({ workload }) => workload)
  return {
    hosts: [config.knativeLocalGatewayService, componentHost],
    servers: [...pods, ...systemPods(view, 'activator'), ...gatewayPods],
    external: externalPaths(context),
    probes: rejected === undefined ? probes(view, component, revision, pods) : [],
    to: (address, source) => pathsFrom(context, source, address)
  }
}

function contextOf(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): KnativeContext {
  const { config } = ingressOf(view)
  const gateways = knativeGateways(view)
  const { clusterDomain } = view.settings
  const componentHost = serviceHost(service.namespace, component.service, clusterDomain)
  const revision = revisionDestination(view, service, component, pods)
  return {
    view,
    service,
    component,
    config,
    gateways,
    componentHost,
    modelHost: serviceHost(service.namespace, service.name, clusterDomain),
    localGateway: toDestination(view, config.knativeLocalGatewayService, HTTP_PORT, componentHost),
    localRoute: { boundTo: gateways.local.map(({ gateway }) => gateway), host: componentHost },
    revision,
    rejected: findKnativeRejection(service, component),
    branchesFrom: pathsToRevision(view, component, revision)
  }
}

/** Destination of a request: the host in its URL, and the hops up to the revision. */
interface Route {
  readonly host: string
  readonly steps: readonly HopEvaluator[]
  /** Client of the revision: the last gateway, or the sidecar of the caller. */
  readonly from: 'gateway' | 'caller'
}

/** Template for a source. If Knative rejects the revision, its controller is the only hop. */
function toTemplate(
  { view, service, rejected, branchesFrom }: KnativeContext,
  source: TrafficSource,
  entry: string,
  { host, steps, from }: Route
): PathTemplate {
  return {
    ...source.caller,
    entry: source.entry ?? entry,
    expected: source.expected,
    candidates: candidateCalls(source.pods, callsTo(view, service, host)),
    steps: rejected === undefined ? steps : [rejection(rejected)],
    branches: rejected === undefined ? branchesFrom(from) : []
  }
}

/** External path: by the top-level VirtualService and the local gateway, or else by Knative's own external gateway. */
function externalPaths(context: KnativeContext): readonly PathTemplate[] {
  const { view, service, component, config, gateways } = context
  const topLevel = !config.disableIstioVirtualHost
  const name = topLevel ? service.name : component.service
  const gateway = topLevel ? config.ingressGateway : gateways.external[0]?.gateway
  return publicPath(view, service, name, gateway).map(({ called, step }) => {
    const steps = topLevel ? [step, hopByTopLevelRoute(context, 'ingress-gateway->local-gateway')] : [step]
    return toTemplate(context, EXTERNAL_CLIENT, 'address', { host: called, steps, from: 'gateway' })
  })
}

/** Path of a source in the cluster, by InferenceService URL or predictor host. None without a local gateway. */
function pathsFrom(
  context: KnativeContext,
  source: TrafficSource,
  address: 'address' | 'component'
): readonly PathTemplate[] {
  const { view, config, localGateway, revision } = context
  const byTopLevel = address === 'address' && !config.disableIstioVirtualHost
  const imported = importsDestination(view, source, byTopLevel ? localGateway : revision)
  const route = byTopLevel ? topLevelRoute(context, imported) : componentRoute(context, imported)
  return route === undefined ? [] : [toTemplate(context, source, address, route)]
}

/** @param imported true if the caller's sidecar applies the VirtualService; otherwise a gateway does. */
function topLevelRoute(context: KnativeContext, imported: boolean): Route {
  const { view, config, modelHost: host } = context
  if (imported) return { host, steps: [hopByTopLevelRoute(context, 'caller->local-gateway')], from: 'gateway' }
  const requiredRoute = { boundTo: [config.localGateway], host }
  const entrance = hopToLocalGateway(view, config.localGatewayService, requiredRoute)
  return { host, steps: [entrance, hopByTopLevelRoute(context, 'ingress-gateway->local-gateway')], from: 'gateway' }
}

/** @param imported true if the caller's sidecar routes to the revision; otherwise Knative's first local gateway does. */
function componentRoute(context: KnativeContext, imported: boolean): Route | undefined {
  const { view, gateways, localRoute, componentHost: host } = context
  if (imported) return { host, steps: [], from: 'caller' }
  const [first] = gateways.local
  return first && { host, steps: [hopToLocalGateway(view, first.service, localRoute)], from: 'gateway' }
}

/** Hop to Knative's local gateway by the top-level VirtualService, which rewrites the Host header. */
function hopByTopLevelRoute(context: KnativeContext, name: HopName): HopEvaluator {
  const { view, service, componentHost, localGateway, localRoute } = context
  return hopTo(view, name, localGateway, {
    requiredRoute: localRoute,
    rewrite: ({ token }) => callTo(view, service, componentHost, token),
    nameWithoutRoute: 'local-gateway->component'
  })
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
