import { waypointsBefore } from '../gateway-api/waypoint-pod.ts'
import { knativeGateways, systemPods } from '../knative/knative.ts'
import { callsTo } from '../kserve/inference-request.ts'
import { type Component, type InferenceService, previousRevisionOf } from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { addressPattern, STATUS_URL } from '../kserve/public-address.ts'
import { publicationOf } from '../kserve/publication.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { inputsOf } from './call-inputs.ts'
import type { PathKinds, TrafficSource } from './caller.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import { worldOf } from './component-world.ts'
import type { ConfigurationRejected } from './failure.ts'
import { followFromGateway, followFromPod } from './follow.ts'
import { byOneHop } from './hop-sequence.ts'
import { enterGateway, unknownHop, unpublishedHop } from './ingress-hops.ts'
import { knativeProbes } from './probe-paths.ts'
import type { Branch, PathTemplate, PathTemplates } from './request-path.ts'
import { findKnativeRejection, revisionDestination } from './revision.ts'
import { routedPaths } from './routed-addresses.ts'
import { toDestination } from './service-resolution.ts'
import type { World } from './world.ts'

/**
 * Paths to a component on Knative: by the predictor host, and by the InferenceService URL, which is another host while
 * KServe creates a top-level VirtualService.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go
 */
export function knativePaths(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): PathTemplates {
  const { config } = ingressOf(view)
  const { namespace } = service
  const { clusterDomain } = view.settings
  const world = worldOf(view, service, component, pods)
  const rejected = findKnativeRejection(service, component)
  const componentHost = serviceHost(namespace, component.service, clusterDomain)
  const urlHost = config.disableIstioVirtualHost ? componentHost : serviceHost(namespace, service.name, clusterDomain)
  const localGateway = toDestination(view, config.knativeLocalGatewayService, HTTP_PORT)
  const gatewayPods = localGateway.endpoints.map(({ workload }) => workload)
  const revision = revisionDestination(view, service, component, pods)
  // What decides a request by a host that is not known.
  const inputs = () => JSON.stringify([localGateway, revision].map(one => inputsOf(view, [], one)))
  const hasLocalGateway = knativeGateways(view).local.length > 0
  const rejection = rejected && [toRejection(rejected)]
  const previous = previousRevisionOf(service, component)
  const revisionHosts = [
    revision.host,
    ...(previous === undefined ? [] : [serviceHost(namespace, previous, clusterDomain)])
  ]
  return {
    hosts: [config.knativeLocalGatewayService, componentHost, ...revisionHosts],
    servers: [...pods, ...systemPods(view, 'activator'), ...gatewayPods, ...waypointsBefore(view, localGateway)],
    external: externalPaths(world, service, [componentHost, urlHost], inputs).map(one =>
      rejection === undefined ? one : { ...one, follow: () => rejection }
    ),
    probes: rejected === undefined ? knativeProbes(view, component, revision, pods) : [],
    to: (address, { caller, entry = address, expected, pods: clients }) => {
      const host = address === 'address' ? urlHost : componentHost
      // Without a local gateway, only sidecars route the hosts of components.
      if (clients[0].proxy !== 'sidecar' && host === componentHost && !hasLocalGateway) return []
      const candidates = candidateCalls(clients, callsTo(view, service, host))
      return [{ ...caller, entry, expected, candidates, follow: request => rejection ?? followFromPod(world, request) }]
    }
  }
}

/**
 * External paths by the addresses under which KServe or, without top-level VirtualService, Knative publishes the model, and by those of
 * other VirtualServices.
 */
function externalPaths(
  world: World,
  service: InferenceService,
  hosts: readonly string[],
  inputs: () => string
): readonly PathTemplate[] {
  const { view } = world
  const publication = publicationOf(view, service)
  const { gateway = '', addresses, unknownReason } = publication
  const toTemplate = (entry: string, host: string, path: string, follow: PathTemplate['follow']): PathTemplate => ({
    ...EXTERNAL_CLIENT.caller,
    entry,
    candidates: candidateCalls(EXTERNAL_CLIENT.pods, callsTo(view, service, host, path)),
    follow
  })
  if (unknownReason !== undefined)
    return [toTemplate('address', '', '', () => [byOneHop(unknownHop(unknownReason, inputs()))])]
  const own = addresses.map(address => ({
    ...toTemplate(
      address.name,
      address.host,
      address.path,
      address.name === STATUS_URL
        ? () => [byOneHop(unpublishedHop(view, publication, address))]
        : ({ call }) => {
            const { hop, pods } = enterGateway(world, gateway, call)
            return followFromGateway(world, hop, pods, call)
          }
    ),
    address: addressPattern(service, address)
  }))
  return [...own, ...routedPaths(world, service, hosts, addresses)]
}

const EXTERNAL_CLIENT: TrafficSource = { caller: { caller: 'external', from: undefined }, pods: [NON_MESH_CLIENT] }

const toRejection = (failure: ConfigurationRejected): Branch => byOneHop({ name: 'controller', calls: [], failure })
