import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import { meshCompatibility, systemPods } from '../knative/knative.ts'
import { METRICS_PORT } from '../kserve/inference-service.ts'
import type { Endpoint } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { PathKinds } from './caller.ts'
import { type CallResults, evaluateCalls, isOk, mergeResults } from './evaluate-calls.ts'
import { asNonMesh, clientOf } from './passthrough.ts'

/**
 * Metrics scrape of a revision's pods by the autoscaler. It scrapes pod IPs, in plaintext even with a sidecar, and needs an
 * answer of all of a few pods. If all answer 502 or 503 (mesh), it scrapes the Service, with mTLS.
 * @see knative serving 1.23 pkg/autoscaler/metrics/stats_scraper.go (scrapePods, scrapeService)
 */
export const metricsScrape: (view: View<PathKinds>, revision: Destination) => CallResults = memoizeInView(
  (view, revision) => {
    const endpoints = revision.endpoints.map(endpoint => ({ ...endpoint, port: METRICS_PORT }))
    const service = toPrivate({ ...revision, port: METRICS_PORT, endpoints })
    const [name, namespace] = service.host.split('.')
    const pods = byAddress(service)
    const byService: Call = { ...SCRAPE, host: `${name}.${namespace}:${METRICS_PORT}` }
    const mode = meshCompatibility(view)
    return mergeResults(
      systemPods(view, 'autoscaler').map(pod => {
        const direct = asNonMesh(pod)
        const isMesh =
          mode === 'auto' && resultsByPod(view, direct, SCRAPE, pods).every(({ results }) => looksLikeMesh(results))
        return mode === 'enabled' || isMesh
          ? evaluateCalls(view, [clientOf(view, pod, service)], byService, service)
          : evaluateCalls(view, [direct], SCRAPE, pods)
      })
    )
  }
)

/**
 * Requests from the activator to the pods. It probes pod IPs, in plaintext even with a sidecar, and sends requests to those
 * that answer 200. If all answer 502 or 503 (mesh), it uses the revision's private Service, with mTLS.
 * @see knative serving 1.23 pkg/activator/net/revision_backends.go (probePodIPs, checkDests)
 */
export function viaActivator(view: View<PathKinds>, revision: Destination, call: Call): CallResults {
  const { backends, results } = activations(view, revision)
  const forward = ({ client, destination, failed, endpoints }: Backends) =>
    failed ?? evaluateCalls(view, [client], withoutHost(call), destination, undefined, endpoints)
  return getOrAdd(results, call, () => mergeResults(backends.map(forward)))
}

/** Pods that an activator pod sends requests to, and how it appears to them. */
interface Backends {
  readonly client: Workload
  readonly destination: Destination
  readonly endpoints: readonly Endpoint[]
  /** Probe that keeps it from sending requests. */
  readonly failed?: CallResults | undefined
}

const activations = memoizeInView((view: View<PathKinds>, revision: Destination) => {
  const service = toPrivate(revision)
  const pods = byAddress(service)
  return {
    backends: systemPods(view, 'activator').map(pod => probePods(view, pod, service, pods)),
    results: new Map<Call, CallResults>()
  }
})

function probePods(view: View<PathKinds>, pod: Workload, service: Destination, pods: Destination): Backends {
  const { endpoints } = service
  const mode = meshCompatibility(view)
  const direct = { client: asNonMesh(pod), destination: pods, endpoints }
  const probed = mode === 'enabled' ? [] : resultsByPod(view, direct.client, PROBE, pods)
  const healthy = probed.filter(({ results }) => results.failure === undefined)
  if (healthy.length > 0) return { ...direct, endpoints: healthy.map(({ endpoint }) => endpoint) }
  // Without detection of a mesh it relies on the readiness of pods.
  if (mode === 'disabled') return direct
  const denied = probed.find(({ results }) => !looksLikeMesh(results))
  if (denied !== undefined) return { ...direct, failed: denied.results }
  const client = clientOf(view, pod, service)
  const byService = evaluateCalls(view, [client], PROBE, service)
  // It probes until a pod answers, and takes that for an answer of the Service.
  const isHealthy = isOk(byService) || resultsByPod(view, client, PROBE, service).some(({ results }) => isOk(results))
  return { client, destination: service, endpoints, failed: isHealthy ? undefined : byService }
}

function resultsByPod(view: View<PathKinds>, client: Workload, call: Call, service: Destination) {
  return service.endpoints.map(endpoint => ({
    endpoint,
    results: evaluateCalls(view, [client], call, service, undefined, [endpoint])
  }))
}

/** True if a response could come from a mesh. A response of a sidecar's policies (403) could not; ztunnel resets the connection. */
function looksLikeMesh({ failure, calls }: CallResults): boolean {
  return failure !== undefined && (!('verdict' in failure) || calls.at(-1)?.connection.server.at === 'ztunnel')
}

/** Private Service of a revision, which selects its pods. */
function toPrivate({ host, ...revision }: Destination): Destination {
  return { ...revision, host: host.replace('.', '-private.') }
}

const byAddress = (destination: Destination): Destination => ({ ...destination, byAddress: true })

/** Host of requests to an address, which no pattern of a policy for hosts matches. */
const ADDRESS = '0.0.0.0'

/** Activator and autoscaler send no other headers that policies match on. */
const GET: Pick<Call, 'host' | 'method' | 'token' | 'headersComplete'> = {
  host: ADDRESS,
  method: 'GET',
  token: undefined,
  headersComplete: true
}
const PROBE: Call = {
  ...GET,
  path: '/healthz',
  headers: { 'k-network-probe': 'queue', 'user-agent': 'Knative-Activator-Probe' }
}
const SCRAPE: Call = {
  ...GET,
  path: '/metrics',
  headers: { accept: 'application/protobuf', 'user-agent': 'Go-http-client/1.1' }
}

/** The activator sends requests to an address, and its host is that address. */
const withoutHost = memoize((call: Call): Call => ({ ...call, host: ADDRESS }))
