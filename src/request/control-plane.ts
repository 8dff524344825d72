import { isAmbient } from '../istio/ambient.ts'
import { authorize } from '../istio/authorization.ts'
import type { Request } from '../istio/request.ts'
import { serverSide } from '../istio/server.ts'
import { findKserveConfig, ingressOf } from '../kserve/kserve.ts'
import { dedupeEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { evaluateNetwork } from '../kubernetes/network-policy.ts'
import { type Endpoint, endpointsOf, findService, type Service } from '../kubernetes/service.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { parseGoFloat } from '../text/go-float.ts'
import { serviceHost } from '../text/host.ts'
import { inputsOf } from './call-inputs.ts'
import { AMBIENT } from './call-result.ts'
import type { PathKinds } from './caller.ts'
import { NON_MESH_CLIENT } from './callers.ts'
import { toCaveat } from './caveats.ts'
import { type ControlPlaneWebhook, controlPlaneWebhooks, type WebhookKinds } from './control-plane-webhooks.ts'
import type { ConfigurationRejected, Failure } from './failure.ts'
import type { HopName, Unevaluated } from './hop.ts'
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
    const unknown = service && failure === undefined ? findUnknownWebhook(view, service, port) : undefined
    const unevaluated = service === undefined ? [] : networkCaveats(view, service, port)
    paths.set(entry, { ...toPath(entry, 'apiserver->webhook', failure, unknown), unevaluated })
  }
  return [...paths.values()]
}

function toPath(entry: string, name: HopName, failure: Failure | undefined, unknown?: Unevaluated): Path {
  const hops = [{ name, calls: [], failure, unknown }]
  return { caller: 'system', from: undefined, entry, activatorMode: undefined, hops, expected: true, unknown }
}

const API_SERVER: Workload = { ...NON_MESH_CLIENT, name: 'kube-apiserver', hostNetwork: true }

function findWebhookFailure(
  view: View<ControlPlaneKinds>,
  { configuration, name: webhook, service: called }: ControlPlaneWebhook,
  service: Service
): Failure | undefined {
  for (const endpoint of endpointsAt(view, service, called.port)) {
    // ztunnel treats a port exception of mode DISABLE unlike a sidecar.
    if (isAmbient(view, endpoint.workload)) continue
    const server = serverSide(view, endpoint)
    if (server.at !== 'sidecar') continue
    const { mtls, protocol } = server
    const { workload: pod, port: number } = endpoint
    if (mtls.mode === 'STRICT' || protocol === 'http') {
      const at = mtls.mode === 'STRICT' ? mtls.by : undefined
      const { selector } = service.spec
      return { cause: 'webhook-refused', configuration, webhook, pod, port: number, selector, at }
    }
    const rejected = findPolicyDenied(view, endpoint)
    if (rejected !== undefined) return rejected
  }
  return undefined
}

function endpointsAt(view: View<ControlPlaneKinds>, service: Service, number: number): readonly Endpoint[] {
  const port = service.spec.ports.find(one => one.port === number)
  return port === undefined ? [] : dedupeEndpoints(endpointsOf(view, service, port))
}

/** The API server sends plaintext to ztunnel, which rejects it under STRICT. */
function findUnknownWebhook(view: View<ControlPlaneKinds>, service: Service, number: number): Unevaluated | undefined {
  const endpoints = endpointsAt(view, service, number).filter(({ workload }) => isAmbient(view, workload))
  if (endpoints.length === 0) return undefined
  const { name, namespace } = service
  const host = serviceHost(namespace, name, view.settings.clusterDomain)
  return { reason: AMBIENT, inputs: inputsOf(view, [API_SERVER], { host, namespace, endpoints }) }
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

function findPolicyDenied(view: View<PathKinds>, { workload, port }: Endpoint): Failure | undefined {
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
  const verdict = authorize(view, workload, request)
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
