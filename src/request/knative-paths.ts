import type { Destination } from '../istio/client.ts'
import type { Route as GatewayRoute } from '../istio/gateway.ts'
import { scopeOf } from '../istio/sidecar.ts'
import { type KnativeGateways, knativeGateways, systemPods } from '../knative/knative.ts'
import { callsTo, callTo } from '../kserve/inference-request.ts'
import type { Component, InferenceService } from '../kserve/inference-service.ts'
import { type IngressConfig, ingressOf } from '../kserve/kserve.ts'
import { addressPattern, publicationOf, STATUS_URL } from '../kserve/publication.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import type { PathKinds, TrafficSource } from './caller.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import type { ConfigurationRejected, HopName } from './hop.ts'
import { hopToGateway, hopToLocalGateway, unknownHop, unpublishedHop } from './ingress-hops.ts'
import { knativeProbes } from './probe-paths.ts'
import { type HopEvaluator, hopTo, type PathTemplate, type PathTemplates } from './request-path.ts'
import { findKnativeRejection, pathsToRevisions, revisionDestination } from './revision.ts'
import { toDestination } from './service-resolution.ts'

/** Objects that all paths to a component share. */
interface Context {
  readonly view: View<PathKinds>
  readonly service: InferenceService
  readonly component: Component
  readonly config: IngressConfig
  readonly gateways: KnativeGateways
  /** Host that Knative routes: that of the component. */
  readonly componentHost: string
  /** Host of the InferenceService URL. */
  readonly inferenceServiceHost: string
  readonly localGateway: Destination
  /** Knative's route at its local gateway. */
  readonly route: GatewayRoute
  readonly revision: Destination
  readonly rejected: ConfigurationRejected | undefined
  readonly toTemplate: (source: TrafficSource, route: Route) => PathTemplate
}

/** Path of a source up to the revision. */
interface Route {
  readonly entry: 'address' | 'component'
  readonly host: string
  /** Prefix of the URL path. */
  readonly path?: string
  readonly steps: readonly HopEvaluator[]
  /** Client of the last hop, to the revision. */
  readonly from: 'gateway' | 'caller'
}

/**
 * Paths to a component on Knative. Requests to the predictor host use Knative's routes; requests to the InferenceService
 * URL pass Knative's local gateway first, while KServe's top-level VirtualService is enabled.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go
 */
export function knativePaths(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): PathTemplates {
  const context = toContext(view, service, component, pods)
  const { config, componentHost, localGateway, rejected, revision } = context
  const gatewayPods = localGateway.endpoints.map(({ workload }) => workload)
  return {
    hosts: [config.knativeLocalGatewayService, componentHost],
    servers: [...pods, ...systemPods(view, 'activator'), ...gatewayPods],
    external: externalPaths(context),
    probes: rejected === undefined ? knativeProbes(view, component, revision, pods) : [],
    to: (address, source) =>
      !config.disableIstioVirtualHost && address === 'address'
        ? [pathByServiceUrl(context, source)]
        : pathByComponentHost(context, address, source)
  }
}

function toContext(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): Context {
  const { config } = ingressOf(view)
  const { clusterDomain } = view.settings
  const gateways = knativeGateways(view)
  const componentHost = serviceHost(service.namespace, component.service, clusterDomain)
  const rejected = findKnativeRejection(service, component)
  const revision = revisionDestination(view, service, component, pods)
  const branches = pathsToRevisions(view, service, component, pods)
  return {
    view,
    service,
    component,
    config,
    gateways,
    componentHost,
    inferenceServiceHost: serviceHost(service.namespace, service.name, clusterDomain),
    localGateway: toDestination(view, config.knativeLocalGatewayService, HTTP_PORT, componentHost),
    route: {
      namespace: service.namespace,
      boundTo: gateways.local.map(({ gateway }) => gateway),
      host: componentHost
    },
    revision,
    rejected,
    toTemplate: ({ caller, entry: name, expected, pods: clients }, { entry, host, path, steps, from }) => ({
      ...caller,
      entry: name ?? entry,
      expected,
      candidates: candidateCalls(clients, callsTo(view, service, host, path)),
      steps: rejected === undefined ? steps : [rejection(rejected)],
      branches: rejected === undefined ? branches(from) : []
    })
  }
}

/** External paths by the addresses under which KServe or, without top-level VirtualService, Knative publishes the model. */
function externalPaths(context: Context): readonly PathTemplate[] {
  const { view, service, toTemplate } = context
  const publication = publicationOf(view, service)
  const { by, gateway = '', addresses, unknownReason } = publication
  const onward = by === 'VirtualService' ? [hopByTopLevel(context, 'ingress-gateway->local-gateway')] : []
  if (unknownReason !== undefined)
    return [
      toTemplate(EXTERNAL_CLIENT, { entry: 'address', host: '', steps: [unknownHop(unknownReason)], from: 'gateway' })
    ]
  return addresses.map(address => {
    const { name: entry, host, path } = address
    const steps =
      entry === STATUS_URL
        ? [unpublishedHop(view, publication, address)]
        : [hopToGateway(view, gateway, { namespace: service.namespace, host }), ...onward]
    return {
      ...toTemplate({ ...EXTERNAL_CLIENT, entry }, { entry: 'address', host, path, steps, from: 'gateway' }),
      address: addressPattern(service, address)
    }
  })
}

/** By the top-level VirtualService: in the caller's sidecar, or else at the gateway that its host resolves to. */
function pathByServiceUrl(context: Context, source: TrafficSource): PathTemplate {
  const { view, service, config, localGateway, inferenceServiceHost: host, toTemplate } = context
  const { namespace } = service
  const steps = importsDestination(view, source, localGateway)
    ? [hopByTopLevel(context, 'caller->local-gateway')]
    : [
        hopToLocalGateway(view, config.localGatewayService, { namespace, boundTo: [config.localGateway], host }),
        hopByTopLevel(context, 'ingress-gateway->local-gateway')
      ]
  return toTemplate(source, { entry: 'address', host, steps, from: 'gateway' })
}

/** By Knative's routes: in the caller's sidecar, or else at Knative's local gateway. */
function pathByComponentHost(
  { view, gateways, componentHost: host, revision, route, toTemplate }: Context,
  entry: 'address' | 'component',
  source: TrafficSource
): readonly PathTemplate[] {
  if (importsDestination(view, source, revision)) {
    return [toTemplate(source, { entry, host, steps: [], from: 'caller' })]
  }
  const [first] = gateways.local
  if (first === undefined) return []
  const steps = [hopToLocalGateway(view, first.service, route)]
  return [toTemplate(source, { entry, host, steps, from: 'gateway' })]
}

/** Hop of the top-level VirtualService to Knative's local gateway, which routes the component host. */
function hopByTopLevel({ view, service, componentHost, localGateway, route }: Context, name: HopName): HopEvaluator {
  return hopTo(view, name, localGateway, {
    requiredRoute: route,
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

function rejection(failure: ConfigurationRejected): HopEvaluator {
  return next => ({ hop: { name: 'controller', calls: [], failure }, next })
}
