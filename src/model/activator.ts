import { findBurstCapacity } from './burst-capacity.ts'
import type { Destination } from './client.ts'
import type { HopKinds } from './hop.ts'
import { type Component, METRICS_PORT, QUEUE_PORT } from './inference-service.ts'
import type { InjectionKinds } from './injection.ts'
import { defaultBurstCapacity, type KnativeSystem, meshCompatibility, systemPods } from './knative.ts'
import { findCut } from './reach.ts'
import { serverSide } from './server.ts'
import type { Endpoint } from './service.ts'
import type { View } from './snapshot.ts'
import type { Cut } from './verdict.ts'
import type { Workload } from './workload.ts'

/** The last part of a path in Knative mode: through the activator, or straight to the pods. */
export type Leg = 'activator' | 'direct'

const HPA = 'hpa.autoscaling.knative.dev'
const CLASS = 'autoscaling.knative.dev/class'

/**
 * The legs that requests to a revision take. With burst capacity 0 the activator is off the path while pods run;
 * but the autoscaler has to see their metrics for that.
 * @see knative serving pkg/autoscaler/scaling/autoscaler.go, pkg/reconciler/autoscaling/kpa/kpa.go
 */
export function legsOf(
  view: View<HopKinds | InjectionKinds>,
  { annotations, minReplicas }: Component,
  revision: Destination,
  pods: readonly Workload[]
): readonly Leg[] {
  if (annotations[CLASS] === HPA) return ['direct']
  const capacity = findBurstCapacity(annotations)?.value ?? defaultBurstCapacity(view)
  if (!Number.isFinite(capacity) || capacity === -1) return ['activator']
  const rests = capacity === 0 && minReplicas > 0
  const metrics = { ...revision, port: METRICS_PORT, endpoints: toEndpoints(pods, METRICS_PORT) }
  return rests && findSystemCut(view, 'autoscaler', metrics) === undefined ? ['direct'] : ['direct', 'activator']
}

export function toEndpoints(pods: readonly Workload[], port: number): readonly Endpoint[] {
  return pods.map(workload => ({ workload, port }))
}

/** From the activator to the pods, by the revision's private Service. */
export function findActivatorCut(
  view: View<HopKinds | InjectionKinds>,
  revision: Destination,
  pods: readonly Workload[]
): Cut | undefined {
  return findSystemCut(view, 'activator', { ...revision, endpoints: toEndpoints(pods, QUEUE_PORT) })
}

/**
 * Activator and autoscaler dial the pods' own addresses first, which is plaintext whatever their sidecar; only when
 * that is answered like a mesh answers (502, 503) they go by the Service, and then with mTLS.
 * @see knative serving pkg/activator/net/revision_backends.go, pkg/autoscaler/metrics/stats_scraper.go
 */
function findSystemCut(
  view: View<HopKinds | InjectionKinds>,
  app: KnativeSystem,
  { host, ...rest }: Destination
): Cut | undefined {
  const clients = systemPods(view, app)
  const service: Destination = { ...rest, host: host.replace('.', '-private.') }
  const mode = meshCompatibility(view)
  const direct = service.endpoints.every(endpoint => takesPlaintext(view, endpoint))
  if (mode !== 'enabled' && direct) return undefined
  return mode === 'disabled' ? findCut(view, clients.map(withoutProxy), service) : findCut(view, clients, service)
}

function takesPlaintext(view: View<HopKinds>, endpoint: Endpoint): boolean {
  const server = serverSide(view, endpoint)
  return server.at === 'application' || (server.at === 'sidecar' && server.mtls.mode !== 'STRICT')
}

/** A sidecar passes on what it does not know as it comes. */
const withoutProxy = (workload: Workload): Workload => ({ ...workload, proxy: 'none' })
