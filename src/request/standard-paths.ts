import type { Destination } from '../istio/client.ts'
import { resolvePort } from '../istio/gateway-servers.ts'
import { callsTo } from '../kserve/inference-request.ts'
import { AUTH_PROXY_PORT, type Component, type InferenceService, STANDARD_PORT } from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { addressPattern, publicationOf, STATUS_URL } from '../kserve/publication.ts'
import { dedupeEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { endpointsOf, findService, HTTP_PORT, isHeadless, targetPort, targetsOf } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { evaluateNonIstioListener } from './call-result.ts'
import type { PathKinds, TrafficSource } from './caller.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import { forwardCall, toResults } from './evaluate-calls.ts'
import type { Hop } from './hop.ts'
import { PLAINTEXT_CLIENT } from './ingress-entry.ts'
import { unknownHop, unpublishedHop } from './ingress-hops.ts'
import { clientOf } from './passthrough.ts'
import { kubeletProbes } from './probe-paths.ts'
import { gatewayCaveats, publicGatewayPods } from './public-gateway.ts'
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
    servers: pods,
    external: external(view, service, destination),
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
function external(view: View<PathKinds>, service: InferenceService, destination: Destination): readonly PathTemplate[] {
  const publication = publicationOf(view, service)
  const { addresses, unknownReason } = publication
  const toGateway = enterGateway(view, destination)
  const toTemplate = (entry: string, host: string, path: string, enter: HopEvaluator): PathTemplate => ({
    caller: 'external',
    from: undefined,
    entry,
    candidates: candidateCalls([NON_MESH_CLIENT], callsTo(view, service, host, path)),
    steps: [enter, hopTo(view, 'gateway->pod', destination)],
    branches: [{ activatorMode: undefined, steps: [] }]
  })
  if (unknownReason !== undefined) return [toTemplate('address', '', '', asStep(unknownHop(unknownReason)))]
  return addresses.map(address => ({
    ...toTemplate(
      address.name,
      address.host,
      address.path,
      address.name === STATUS_URL ? asStep(unpublishedHop(view, publication, address)) : toGateway
    ),
    address: addressPattern(service, address)
  }))
}

const asStep =
  (hop: Hop): HopEvaluator =>
  ({ call }) => ({ hop, next: { at: [], call } })

function enterGateway(view: View<PathKinds>, destination: Destination): HopEvaluator {
  const { config } = ingressOf(view)
  const pods = publicGatewayPods(view)
  const missing = config.enableGatewayApi
    ? `Gateway API Gateway ${config.kserveIngressGateway} has no Istio gateway pods; other proxies are not modeled`
    : `Ingress class ${config.ingressClassName} has no Istio gateway pods; other proxies are not modeled`
  return ({ call }) => {
    const calls = pods.map(workload => {
      const endpoint = { workload, port: resolvePort(targetsOf(view, workload), HTTP_PORT) }
      return evaluateNonIstioListener(
        view,
        { client: NON_MESH_CLIENT, call, destination: { ...destination, endpoints: [endpoint] }, endpoint },
        PLAINTEXT_CLIENT
      )
    })
    const unknown = pods.length === 0 ? { unknown: { reason: missing, inputs: '' } } : {}
    const results = toResults(calls)
    const unevaluated = [...results.unevaluated, ...gatewayCaveats(view)]
    return {
      hop: { name: 'caller->ingress-gateway', ...results, ...unknown, unevaluated },
      next: { at: pods, call: forwardCall(view, pods, call) }
    }
  }
}
