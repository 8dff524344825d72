import { findBurstCapacity } from './burst-capacity.ts'
import type { Destination } from './client.ts'
import type { Cut } from './hop.ts'
import { type Component, METRICS_PORT } from './inference-service.ts'
import { defaultBurstCapacity, type KnativeSystem, meshCompatibility, systemPods } from './knative.ts'
import { getOrAdd } from './map.ts'
import { remember, rememberIn } from './memoize.ts'
import type { Call } from './request.ts'
import { type PathKinds, tryAll } from './request-path.ts'
import type { View } from './snapshot.ts'
import type { Workload } from './workload.ts'

/** The last part of a path in Knative mode: through the activator, or straight to the pods. */
export type Leg = 'activator' | 'direct'

export const HPA = 'hpa.autoscaling.knative.dev'
export const CLASS = 'autoscaling.knative.dev/class'

/**
 * The legs that requests to a revision take. With burst capacity 0 the activator is off the path while pods run;
 * but the autoscaler has to see their metrics for that.
 * @see knative serving pkg/autoscaler/scaling/autoscaler.go, pkg/reconciler/autoscaling/kpa/kpa.go
 */
export function legsOf(view: View<PathKinds>, component: Component, revision: Destination): readonly Leg[] {
  if (component.annotations[CLASS] === HPA) return ['direct']
  const capacity = burstCapacityOf(view, component)
  if (!Number.isFinite(capacity) || capacity === -1) return ['activator']
  const rests = capacity === 0 && component.minReplicas > 0
  return rests && scrape(view, revision).cut === undefined ? ['direct'] : ['direct', 'activator']
}

/** Does the autoscaler ask the pods for metrics? Not where requests always pass the activator, which counts them. */
export function isScraped(view: View<PathKinds>, component: Component): boolean {
  const capacity = burstCapacityOf(view, component)
  return component.annotations[CLASS] !== HPA && Number.isFinite(capacity) && capacity !== -1
}

function burstCapacityOf(view: View<'ConfigMap'>, { annotations }: Component): number {
  return findBurstCapacity(annotations)?.value ?? defaultBurstCapacity(view)
}

interface Tried {
  readonly passages: ReturnType<typeof tryAll>['passages']
  readonly cut: Cut | undefined
}

/** From the autoscaler to the metrics of a revision's pods. */
export const scrape: (view: View<PathKinds>, revision: Destination) => Tried = rememberIn((view, revision) => {
  const endpoints = revision.endpoints.map(endpoint => ({ ...endpoint, port: METRICS_PORT }))
  return dial(view, 'autoscaler', { ...revision, port: METRICS_PORT, endpoints }, '/metrics', undefined)
})

/** From the activator to the pods, by the revision's private Service. */
export function activate(view: View<PathKinds>, revision: Destination, call: Call): Tried {
  return getOrAdd(activations(view, revision), call, () => dial(view, 'activator', revision, '/healthz', call))
}

const activations = rememberIn((_view: View<PathKinds>, _revision: Destination) => new Map<Call, Tried>())

/**
 * Activator and autoscaler dial the pods' own addresses first, which is plaintext whatever their sidecar. Only where
 * that is answered like a mesh answers (502, 503) they go by the Service, and then with mTLS; any other answer, a 403
 * too, is taken for that of the pod. The activator sends its probe before any request.
 * @see knative serving pkg/activator/net/revision_backends.go, pkg/autoscaler/metrics/stats_scraper.go
 */
function dial(
  view: View<PathKinds>,
  app: KnativeSystem,
  { host, ...rest }: Destination,
  path: string,
  call: Call | undefined
): Tried {
  const service: Destination = { ...rest, host: host.replace('.', '-private.') }
  const probe: Call = { host, path, method: 'GET', token: undefined, headers: {}, headersComplete: false }
  const clients = systemPods(view, app)
  const send = (from: readonly Workload[]): Tried => {
    const probed = tryAll(view, from, probe, service)
    return probed.cut !== undefined || call === undefined ? probed : tryAll(view, from, call, service)
  }
  const mode = meshCompatibility(view)
  if (mode === 'enabled') return send(clients)
  const plainly = clients.map(withoutProxy)
  const answered = tryAll(view, plainly, probe, service)
  const looksLikeMesh = answered.cut !== undefined && !('verdict' in answered.cut)
  return looksLikeMesh && mode === 'auto' ? send(clients) : send(plainly)
}

/** A sidecar passes on what it does not know as it comes. */
const withoutProxy = remember((workload: Workload): Workload => ({ ...workload, proxy: 'none' }))
