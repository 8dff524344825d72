import { activate, type Leg, legsOf } from './activator.ts'
import { findBurstCapacity } from './burst-capacity.ts'
import type { Destination } from './client.ts'
import { toEndpoints } from './dedupe-endpoints.ts'
import type { ConfigurationCut } from './hop.ts'
import { serviceHost } from './host.ts'
import { type Component, type InferenceService, QUEUE_PORT, revisionOf } from './inference-service.ts'
import { systemPods } from './knative.ts'
import { common, handOn, type PathKinds, type Step, send, type Way } from './request-path.ts'
import { toRef } from './resource.ts'
import type { View } from './snapshot.ts'
import type { Workload } from './workload.ts'

const HTTP_PORT = 80

/** The revision of a component as those that send requests to it know it. */
export function revisionDestination(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): Destination {
  const { namespace } = service
  return {
    host: serviceHost(namespace, revisionOf(service, component), view.settings.clusterDomain),
    namespace,
    port: HTTP_PORT,
    headless: false,
    endpoints: toEndpoints(pods, QUEUE_PORT)
  }
}

/** From a gateway, or from a caller's sidecar, to the revision: to its pods, or by way of the activator. */
export function legsTo(
  view: View<PathKinds>,
  component: Component,
  revision: Destination
): (from: 'gateway' | 'caller') => Way['legs'] {
  const pods = revision.endpoints.map(({ workload }) => workload)
  const legs = legsOf(view, component, revision)
  const behindActivator = { ...revision, endpoints: toEndpoints(systemPods(view, 'activator'), QUEUE_PORT) }
  const onward: Step = ({ call }) => ({
    hop: { name: 'activator->pod', ...activate(view, revision, call) },
    next: { at: pods, call: handOn(view, pods, call) }
  })
  const steps = (leg: Leg, from: 'gateway' | 'caller'): readonly Step[] =>
    leg === 'direct'
      ? [common(send(view, `${from}->pod`, revision))]
      : [common(send(view, `${from}->activator`, behindActivator)), onward]
  const legsFrom = (from: 'gateway' | 'caller') => legs.map(leg => ({ leg, steps: steps(leg, from) }))
  const made = { gateway: legsFrom('gateway'), caller: legsFrom('caller') }
  return from => made[from]
}

/** Keys of this group that Knative takes on a revision; it refuses all others. */
const NETWORKING = 'networking.knative.dev/'
const NETWORKING_KEYS = [
  'ingress.class',
  'ingress-class',
  'certificate.class',
  'certificate-class',
  'disableAutoTLS',
  'disable-auto-tls',
  'disable-external-domain-tls',
  'httpOption',
  'http-protocol'
]

/**
 * KServe passes annotations on as they are; for some Knative refuses the Service, and the model gets no route.
 * @see knative serving pkg/apis/autoscaling/annotation_validation.go, networking pkg/apis/networking/metadata_validation.go
 */
export function findKnativeRefusal(
  service: InferenceService,
  { name, annotations }: Component
): ConfigurationCut | undefined {
  const refuse = (key: string, value: string, why: string): ConfigurationCut => {
    const onComponent = service.spec[name]?.annotations[key] !== undefined
    const field = `${onComponent ? `spec.${name}` : 'metadata'}.annotations[${key}]`
    return { cause: 'configuration-rejected', object: toRef(service), field, value, why, by: 'Knative' }
  }
  const capacity = findBurstCapacity(annotations)
  if (capacity !== undefined && capacity.value === undefined) {
    return refuse(capacity.key, capacity.text, 'it must be -1, or a number that is not negative')
  }
  const unknown = Object.entries(annotations).find(
    ([key]) => key.startsWith(NETWORKING) && !NETWORKING_KEYS.includes(key.slice(NETWORKING.length))
  )
  return unknown && refuse(...unknown, 'Knative knows no such annotation')
}
