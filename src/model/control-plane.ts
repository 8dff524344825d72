import { authorize } from './authorization.ts'
import { CALLER } from './callers.ts'
import { distinctEndpoints } from './dedupe-endpoints.ts'
import { parseGoFloat } from './go-float.ts'
import type { ConfigurationCut, Cut, HopName } from './hop.ts'
import { serviceHost } from './host.ts'
import { findKserveConfig, ingressOf } from './kserve.ts'
import type { Request } from './request.ts'
import type { Path, PathKinds } from './request-path.ts'
import { type ResourceOf, toRef } from './resource.ts'
import { serverSide } from './server.ts'
import { type Endpoint, endpointsOf, findService, type Service } from './service.ts'
import type { View } from './snapshot.ts'
import type { Workload } from './workload.ts'

export type InstallationKinds = PathKinds | 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration'
type Configuration = ResourceOf<'MutatingWebhookConfiguration'> | ResourceOf<'ValidatingWebhookConfiguration'>

/** What KServe, Knative and Istio need to work at all: their admission webhooks, and configurations that they take. */
export function installationPaths(view: View<InstallationKinds>): readonly Path[] {
  return [...webhookPaths(view), ...controllerPaths(view)]
}

const WEBHOOK_PORT = 443

function webhookPaths(view: View<InstallationKinds>): readonly Path[] {
  const { kserveNamespace, knativeNamespace, istioNamespace, clusterDomain } = view.settings
  const ours = [kserveNamespace, knativeNamespace, istioNamespace]
  const paths = new Map<string, Path>()
  for (const configuration of [
    ...view.list('MutatingWebhookConfiguration'),
    ...view.list('ValidatingWebhookConfiguration')
  ]) {
    for (const { name: webhook, clientConfig } of configuration.webhooks) {
      const { namespace = '', name = '', port = WEBHOOK_PORT } = clientConfig?.service ?? {}
      const entry = `webhook ${namespace}/${name}:${port}`
      if (!ours.includes(namespace) || paths.has(entry)) continue
      const service = findService(view, serviceHost(namespace, name, clusterDomain))
      const cut = service && findWebhookCut(view, configuration, webhook, service, port)
      paths.set(entry, toPath(entry, 'apiserver->webhook', cut))
    }
  }
  return [...paths.values()]
}

function toPath(entry: string, name: HopName, cut: Cut | undefined): Path {
  const hops = [{ name, passages: [], cut }]
  return { caller: 'system', from: undefined, entry, leg: undefined, hops, needed: true }
}

const API_SERVER: Workload = { ...CALLER, name: 'kube-apiserver' }

function findWebhookCut(
  view: View<InstallationKinds>,
  configuration: Configuration,
  webhook: string,
  service: Service,
  number: number
): Cut | undefined {
  const port = service.spec.ports.find(one => one.port === number)
  const endpoints = port === undefined ? [] : distinctEndpoints(endpointsOf(view, service, port))
  for (const endpoint of endpoints) {
    const server = serverSide(view, endpoint)
    if (server.at !== 'sidecar') continue
    const { mtls, protocol } = server
    const { workload: pod, port: number } = endpoint
    if (mtls.mode === 'STRICT' || protocol === 'http') {
      const at = mtls.mode === 'STRICT' ? mtls.by : undefined
      const { selector } = service.spec
      return { cause: 'webhook-refused', configuration: toRef(configuration), webhook, pod, port: number, selector, at }
    }
    const refused = findPolicyCut(view, endpoint)
    if (refused !== undefined) return refused
  }
  return undefined
}

function findPolicyCut(view: View<PathKinds>, { workload, port }: Endpoint): Cut | undefined {
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
    toPath('KServe', 'controller', findKserveRefusal(view)),
    toPath('Knative', 'controller', findBurstCapacityRefusal(view) ?? findGatewaysRefusal(view))
  ]
}

/** KServe reads its configuration at each reconcile; with one that it refuses it reconciles no InferenceService. */
export function findKserveRefusal(view: View<'ConfigMap'>): ConfigurationCut | undefined {
  const map = findKserveConfig(view)
  const value = map?.data['ingress']
  const { refused } = ingressOf(view)
  if (map === undefined || value === undefined || refused === undefined) return undefined
  return {
    cause: 'configuration-rejected',
    object: toRef(map),
    field: 'data.ingress',
    value,
    why: refused,
    by: 'KServe'
  }
}

const BURST_CAPACITY = 'target-burst-capacity'

/** @see knative serving pkg/autoscaler/config/config.go */
function findBurstCapacityRefusal(view: View<'ConfigMap'>): ConfigurationCut | undefined {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-autoscaler')
  const value = map?.data[BURST_CAPACITY]
  if (map === undefined || value === undefined) return undefined
  const number = parseGoFloat(value)
  if (number !== undefined && (number === -1 || !(number < 0))) return undefined
  const why = 'it must be -1, or a number that is not negative'
  return {
    cause: 'configuration-rejected',
    object: toRef(map),
    field: `data.${BURST_CAPACITY}`,
    value,
    why,
    by: 'Knative'
  }
}

const NEWER_FORM = ['external-gateways', 'local-gateways']

/** @see net-istio pkg/reconciler/ingress/config/istio.go */
function findGatewaysRefusal(view: View<'ConfigMap'>): ConfigurationCut | undefined {
  const map = view.get('ConfigMap', view.settings.knativeNamespace, 'config-istio')
  const entries = Object.entries(map?.data ?? {})
  const old = entries.find(([key]) => key.startsWith('gateway.') || key.startsWith('local-gateway.'))
  const newer = NEWER_FORM.find(key => entries.some(([one]) => one === key))
  if (map === undefined || old === undefined || newer === undefined) return undefined
  const [key, value] = old
  const why = `${newer} and keys of the older form may not stand together`
  return {
    cause: 'configuration-rejected',
    object: toRef(map),
    field: `data.${key}`,
    value,
    why,
    by: 'Knative'
  }
}
