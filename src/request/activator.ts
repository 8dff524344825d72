import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import { scopeOf } from '../istio/sidecar.ts'
import { findBurstCapacity } from '../knative/burst-capacity.ts'
import { defaultBurstCapacity, type KnativeSystem, meshCompatibility, systemPods } from '../knative/knative.ts'
import { type Component, METRICS_PORT } from '../kserve/inference-service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { PathKinds } from './caller.ts'
import { type CallResults, evaluateCalls, isOk } from './evaluate-calls.ts'

/** Last part of a Knative path: via the activator (Proxy mode) or direct to the pods (Serve mode). */
export type ActivatorMode = 'proxy' | 'serve'

export const HPA = 'hpa.autoscaling.knative.dev'
export const CLASS = 'autoscaling.knative.dev/class'

/**
 * Activator modes of a revision. With burst capacity 0 the activator is removed from the path while pods run, if the
 * autoscaler can read their metrics.
 * @see knative serving 1.23 pkg/autoscaler/scaling/autoscaler.go, pkg/reconciler/autoscaling/kpa/kpa.go
 */
export function activatorModesOf(
  view: View<PathKinds>,
  component: Component,
  revision: Destination
): readonly ActivatorMode[] {
  if (component.annotations[CLASS] === HPA) return ['serve']
  const capacity = burstCapacityOf(view, component)
  if (!Number.isFinite(capacity) || capacity === -1) return ['proxy']
  const canServe = capacity === 0 && component.minReplicas > 0
  return canServe && isOk(metricsScrape(view, revision)) ? ['serve'] : ['serve', 'proxy']
}

/** True if the autoscaler scrapes the pods. If requests always pass the activator, it reports the metrics instead. */
export function isScraped(view: View<PathKinds>, component: Component): boolean {
  const capacity = burstCapacityOf(view, component)
  return component.annotations[CLASS] !== HPA && Number.isFinite(capacity) && capacity !== -1
}

function burstCapacityOf(view: View<'ConfigMap'>, { annotations }: Component): number {
  return findBurstCapacity(annotations)?.value ?? defaultBurstCapacity(view)
}

/** Metrics scrape of a revision's pods by the autoscaler. */
export const metricsScrape: (view: View<PathKinds>, revision: Destination) => CallResults = memoizeInView(
  (view, revision) => {
    const endpoints = revision.endpoints.map(endpoint => ({ ...endpoint, port: METRICS_PORT }))
    return dialPodIp(view, 'autoscaler', { ...revision, port: METRICS_PORT, endpoints }, '/metrics', undefined)
  }
)

/** Requests from the activator to the pods, by the revision's private Service. */
export function viaActivator(view: View<PathKinds>, revision: Destination, call: Call): CallResults {
  return getOrAdd(activations(view, revision), call, () => dialPodIp(view, 'activator', revision, '/healthz', call))
}

const activations = memoizeInView((_view: View<PathKinds>, _revision: Destination) => new Map<Call, CallResults>())

/**
 * Activator and autoscaler dial the pod IPs first, in plaintext even with a sidecar. Only on 502 or 503 (mesh) do they use
 * the Service, with mTLS; any other response, including 403, is accepted. The activator probes before any request.
 * @see knative serving 1.23 pkg/activator/net/revision_backends.go, pkg/autoscaler/metrics/stats_scraper.go
 */
function dialPodIp(
  view: View<PathKinds>,
  app: KnativeSystem,
  { host, ...rest }: Destination,
  path: string,
  forwarded: Call | undefined
): CallResults {
  const service: Destination = { ...rest, host: host.replace('.', '-private.') }
  const probe: Call = { ...PROBE, path }
  const call = forwarded && withoutHost(forwarded)
  const clients = systemPods(view, app).map(one => (importsDestination(view, one, service) ? one : asNonMesh(one)))
  const callService = (from: readonly Workload[]): CallResults => {
    const probed = evaluateCalls(view, from, probe, service)
    return call !== undefined && isOk(probed) ? evaluateCalls(view, from, call, service) : probed
  }
  const mode = meshCompatibility(view)
  if (mode === 'enabled') return callService(clients)
  const nonMeshClients = clients.map(asNonMesh)
  const answered = evaluateCalls(view, nonMeshClients, probe, service)
  const looksLikeMesh = answered.failure !== undefined && !('verdict' in answered.failure)
  return looksLikeMesh && mode === 'auto' ? callService(clients) : callService(nonMeshClients)
}

/** Host of requests to an address, which no pattern of a policy for hosts matches. */
const ADDRESS = '0.0.0.0'

/** The activator sends no other headers that policies match on. */
const PROBE: Omit<Call, 'path'> = {
  host: ADDRESS,
  method: 'GET',
  token: undefined,
  headers: { 'k-network-probe': 'queue', 'user-agent': 'Knative-Activator-Probe' },
  headersComplete: true
}

/** The activator sends requests to an address, and its host is that address. */
const withoutHost = memoize((call: Call): Call => ({ ...call, host: ADDRESS }))

/** False if no Sidecar of the client lists the destination: then the proxy passes the application's plaintext on. */
function importsDestination(view: View<PathKinds>, client: Workload, { host, namespace, port }: Destination): boolean {
  return scopeOf(view, client).imports({ host, namespace, ports: [port] })
}

/** A sidecar forwards traffic to unknown destinations unchanged; ztunnel does not. */
export const asNonMesh = memoize(
  (workload: Workload): Workload =>
    workload.proxy === 'none' ? workload : { ...workload, proxy: 'none', captured: false }
)
