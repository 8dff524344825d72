import type { Destination } from '../istio/client.ts'
import { callsTo } from '../kserve/inference-request.ts'
import { AUTH_PROXY_PORT, type Component, type InferenceService, STANDARD_PORT } from '../kserve/inference-service.ts'
import { addressPattern, publicationOf, STATUS_URL } from '../kserve/publication.ts'
import { dedupeEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { endpointsOf, findService, HTTP_PORT, isHeadless, targetPort } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import type { PathKinds, TrafficSource } from './caller.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import { enterGateway, hopToBackends } from './external-hops.ts'
import { externalRoutes } from './external-route.ts'
import type { Hop } from './hop.ts'
import { unknownHop, unpublishedHop } from './ingress-hops.ts'
import { clientOf } from './passthrough.ts'
import { kubeletProbes } from './probe-paths.ts'
import {
  type HopEvaluator,
  hopTo,
  type PathTemplate,
  type PathTemplates,
  type SteppedTemplate
} from './request-path.ts'

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
  const branches: SteppedTemplate['branches'] = [{ activatorMode: undefined, steps: [] }]
  const asClients = ([first, ...others]: TrafficSource['pods']) =>
    [clientOf(view, first, destination), ...others.map(pod => clientOf(view, pod, destination))] as const
  return {
    hosts: [host],
    // The Service may select other pods than those of the model.
    servers: [...new Set([...pods, ...destination.endpoints.map(({ workload }) => workload)])],
    external: external(view, service, component, destination),
    probes: kubeletProbes(view, component, destination, pods, STANDARD_PORT),
    to: (address, { caller, entry = address, pods: from, expected }) =>
      address === 'component'
        ? []
        : [
            {
              ...caller,
              entry,
              expected,
              candidates: candidateCalls(asClients(from), callsTo(view, service, host)),
              steps: [hopTo(view, 'caller->pod', destination)],
              branches
            }
          ]
  }
}

/** External paths by the Ingress or HTTPRoute of a model; none if KServe creates neither. */
function external(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  destination: Destination
): readonly PathTemplate[] {
  const publication = publicationOf(view, service)
  const { addresses, unknownReason } = publication
  const toTemplate = (entry: string, host: string, path: string, steps: readonly HopEvaluator[]): PathTemplate => ({
    caller: 'external',
    from: undefined,
    entry,
    candidates: candidateCalls([NON_MESH_CLIENT], callsTo(view, service, host, path)),
    steps,
    branches: [{ activatorMode: undefined, steps: [] }]
  })
  if (unknownReason !== undefined) return [toTemplate('address', '', '', [asStep(unknownHop(unknownReason))])]
  const routes = externalRoutes(view, service)
  return addresses.map(address => {
    const route = routes.get(address.name)
    const steps =
      address.name === STATUS_URL || route === undefined
        ? [asStep(unpublishedHop(view, publication, address))]
        : [enterGateway(view, destination, route), hopToBackends(view, service, route, { component, destination })]
    return { ...toTemplate(address.name, address.host, address.path, steps), address: addressPattern(service, address) }
  })
}

const asStep =
  (hop: Hop): HopEvaluator =>
  ({ call }) => ({ hop, next: { at: [], call } })
