import { authorize } from '../istio/authorization.ts'
import type { PeerAuthentication } from '../istio/peer-authentication.ts'
import type { Request } from '../istio/request.ts'
import { type SidecarServer, serverSide, type ZtunnelServer } from '../istio/server.ts'
import { authorizeAtZtunnel } from '../istio/ztunnel-authorization.ts'
import { findKserveConfig, ingressOf } from '../kserve/kserve.ts'
import { dedupeEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { evaluateNetwork } from '../kubernetes/network-policy.ts'
import { type Endpoint, endpointsOf, findService, type Service } from '../kubernetes/service.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { parseGoFloat } from '../text/go-float.ts'
import { serviceHost } from '../text/host.ts'
import type { PathKinds } from './caller.ts'
import { NON_MESH_CLIENT } from './callers.ts'
import { toCaveat } from './caveats.ts'
import { type ControlPlaneWebhook, controlPlaneWebhooks, type WebhookKinds } from './control-plane-webhooks.ts'
import type { ConfigurationRejected, Failure } from './failure.ts'
import type { HopName } from './hop.ts'
import type { Path } from './request-path.ts'

export type ControlPlaneKinds = PathKinds | WebhookKinds

/** Paths of the control planes: admission and conversion webhooks of KServe, Knative and Istio, and their configuration. */
export function controlPlanePaths(view: View<ControlPlaneKinds>): readonly Path[] {
  return [...webhookPaths(view), ...controllerPaths(view)]
}

/** One path for each port of a Service: several webhooks can share it. */
function webhookPaths(view: View<ControlPlaneKinds>): readonly Path[] {
  const paths = new Map<string, Path>()
  for (const webhook of controlPlaneWebhooks(view)) {
    const { namespace, name, port } = webhook.service
    const entry = `webhook ${namespace}/${name}:${port}`
    if (paths.has(entry)) continue
    const service = findService(view, serviceHost(namespace, name, view.settings.clusterDomain))
    const failure = service && findWebhookFailure(view, webhook, service)
    const unevaluated = service === undefined ? [] : networkCaveats(view, service, port)
    paths.set(entry, { ...toPath(entry, 'apiserver->webhook', failure), unevaluated })
  }
  return [...paths.values()]
}

function toPath(entry: string, name: HopName, failure: Failure | undefined): Path {
  const hops = [{ name, calls: [], failure }]
  return { caller: 'system', from: undefined, entry, activatorMode: undefined, hops, expected: true }
}

const API_SERVER: Workload = { ...NON_MESH_CLIENT, name: 'kube-apiserver', hostNetwork: true }

function findWebhookFailure(
  view: View<ControlPlaneKinds>,
  { configuration, name: webhook, service: called }: ControlPlaneWebhook,
  service: Service
): Failure | undefined {
  for (const endpoint of endpointsAt(view, service, called.port)) {
    const server = serverSide(view, endpoint)
    if (server.at !== 'sidecar' && server.at !== 'ztunnel') continue
    const refused = refusesPlaintext(server)
    const { workload: pod, port: number } = endpoint
    if (refused !== undefined) {
      const { selector } = service.spec
      return { cause: 'webhook-refused', configuration, webhook, pod, port: number, selector, at: refused.by }
    }
    const rejected = findPolicyDenied(view, server)
    if (rejected !== undefined) return rejected
  }
  return undefined
}

/** Set if the proxy does not let the TLS of the API server through, with the policy that it enforces. */
function refusesPlaintext(server: SidecarServer | ZtunnelServer): { readonly by?: PeerAuthentication } | undefined {
  if (server.at === 'ztunnel') return server.strict && { by: server.strict }
  const { mtls, protocol } = server
  if (mtls.mode === 'STRICT') return { by: mtls.by }
  return protocol === 'http' ? {} : undefined
}

function endpointsAt(view: View<ControlPlaneKinds>, service: Service, number: number): readonly Endpoint[] {
  const port = service.spec.ports.find(one => one.port === number)
  return port === undefined ? [] : dedupeEndpoints(endpointsOf(view, service, port))
}

/** The API server calls from the network of its node, so that no NetworkPolicy certainly denies it. */
function networkCaveats(
  view: View<ControlPlaneKinds>,
  service: Service,
  number: number
): NonNullable<Path['unevaluated']> {
  const verdicts = endpointsAt(view, service, number).map(endpoint => evaluateNetwork(view, API_SERVER, endpoint))
  const policies = new Set(verdicts.flatMap(one => (one.is === 'unknown' ? one.by : [])))
  return [...policies].map(policy => ({ ...toCaveat(policy), hop: 'apiserver->webhook' }))
}

function findPolicyDenied(view: View<PathKinds>, server: SidecarServer | ZtunnelServer): Failure | undefined {
  const { workload, port } = server
  const request: Request = {
    host: '',
    path: undefined,
    method: 'POST',
    token: undefined,
    headers: {},
    headersComplete: false,
    identity: undefined,
    from: undefined,
    to: { address: workload.address, port },
    sni: undefined,
    http: false
  }
  const verdict = (server.at === 'ztunnel' ? authorizeAtZtunnel : authorize)(view, workload, request)
  if (verdict.is === 'allowed') return undefined
  return { cause: 'refused-by-policy', client: API_SERVER, server: workload, request, verdict }
}

function controllerPaths(view: View<'ConfigMap'>): readonly Path[] {
  return [
    toPath('KServe', 'controller', findKserveRejection(view)),
    toPath('Knative', 'controller', findBurstCapacityRejection(view) ?? findGatewaysRejection(view))
  ]
}

/** KServe reads its configuration at each reconcile and stops reconciling InferenceServices if it is invalid. */
export function findKserveRejection(view: View<'ConfigMap'>): ConfigurationRejected | undefined {
  const map = findKserveConfig(view)
  const value = map?.data['ingress']
  const { rejected } = ingressOf(view)
  if (map === undefined || value === undefined || rejected === undefined) return undefined
  return {
    cause: 'configuration-rejected',
    object: toRef(map),
    field: 'data.ingress',
    value,
    reason: rejected,
    by: 'KServe'
  }
}

const BURST_CAPACITY = 'target-burst-capacity'

/** @see knative serving 1.23 pkg/autoscaler/config/config.go */
function findBurstCapacityRejection(view: View<'ConfigMap'>): ConfigurationRejected | undefined {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-autoscaler')
  const value = map?.data[BURST_CAPACITY]
  if (map === undefined || value === undefined) return undefined
  const number = parseGoFloat(value)
  if (number !== undefined && (number === -1 || !(number < 0))) return undefined
  const reason = 'value must be -1 or at least 0'
  return {
    cause: 'configuration-rejected',
    object: toRef(map),
    field: `data.${BURST_CAPACITY}`,
    value,
    reason,
    by: 'Knative'
  }
}

const NEWER_FORM = ['external-gateways', 'local-gateways']

/** @see net-istio 1.22 pkg/reconciler/ingress/config/istio.go */
function findGatewaysRejection(view: View<'ConfigMap'>): ConfigurationRejected | undefined {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-istio')
  const entries = Object.entries(map?.data ?? {})
  const old = entries.find(([key]) => key.startsWith('gateway.') || key.startsWith('local-gateway.'))
  const newer = NEWER_FORM.find(key => entries.some(([one]) => one === key))
  if (map === undefined || old === undefined || newer === undefined) return undefined
  const [key, value] = old
  const reason = `${newer} cannot be combined with keys of the older form`
  return {
    cause: 'configuration-rejected',
    object: toRef(map),
    field: `data.${key}`,
    value,
    reason,
    by: 'Knative'
  }
}
