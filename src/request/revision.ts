import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import { findBurstCapacity } from '../knative/burst-capacity.ts'
import { systemPods } from '../knative/knative.ts'
import { type Component, type InferenceService, QUEUE_PORT, revisionOf } from '../kserve/inference-service.ts'
import { toEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import { memoizeInView } from '../state/memoize.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { hasLabels } from '../text/selector.ts'
import type { PathKinds } from './caller.ts'
import { evaluateCalls, forwardCall } from './evaluate-calls.ts'
import type { ConfigurationRejected } from './failure.ts'
import type { Hop } from './hop.ts'
import { viaActivator } from './pod-dial.ts'
import type { Branch } from './request-path.ts'
import type { RoutedElsewhere } from './route-failure.ts'
import type { Revision, World } from './world.ts'

/** Destination for requests to the latest revision of a component, or to another one. */
export function revisionDestination(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[],
  revision = revisionOf(service, component)
): Destination {
  const { namespace } = service
  return {
    host: serviceHost(namespace, revision, view.settings.clusterDomain),
    namespace,
    port: HTTP_PORT,
    headless: false,
    endpoints: toEndpoints(pods, QUEUE_PORT)
  }
}

/** Proxy that sends a request, and the VirtualService that routes it. */
interface Sender {
  readonly at: readonly Workload[]
  readonly from: 'gateway' | 'caller'
  readonly by: VirtualService | undefined
}

/** Branches from a gateway or a caller's sidecar to the revision: direct to its pods, or via the activator. */
export function toRevision(
  { view }: World,
  { destination, modes, revision }: Revision,
  { at, from, by: routedBy }: Sender,
  call: Call
): readonly Branch[] {
  const age = revision === undefined ? {} : { revision }
  return modes.map(activatorMode => {
    if (activatorMode === 'serve') {
      const hop: Hop = { name: `${from}->pod`, ...evaluateCalls(view, at, call, destination), routedBy }
      return { ...age, activatorMode, hops: [hop], shared: 0 }
    }
    const activators = behindActivator(view, destination)
    const hop: Hop = { name: `${from}->activator`, ...evaluateCalls(view, at, call, activators), routedBy }
    if (hop.failure !== undefined) return { ...age, activatorMode, hops: [hop], shared: 0 }
    if (routedBy !== undefined && !namesRevision(call, destination)) {
      const { host } = call
      const failure: RoutedElsewhere = { cause: 'routed-elsewhere', virtualService: routedBy, host, how: 'no revision' }
      return { ...age, activatorMode, hops: [hop, { name: 'activator->pod', calls: [], failure }], shared: 0 }
    }
    const pods = activators.endpoints.map(({ workload }) => workload)
    const onward: Hop = {
      name: 'activator->pod',
      ...viaActivator(view, destination, forwardCall(view, pods, call))
    }
    return { ...age, activatorMode, hops: [hop, onward], shared: 0 }
  })
}

/**
 * True if the activator can tell the revision: by the headers that Knative's routes set, else by the host.
 * @see knative serving 1.23 pkg/activator/handler/context_handler.go (NewContextHandler)
 */
function namesRevision({ headers, host }: Call, revision: Destination): boolean {
  const names = ['knative-serving-revision', 'knative-serving-namespace']
  return names.every(name => headers[name] !== undefined) || host === revision.host
}

const behindActivator = memoizeInView(
  (view: View<PathKinds>, revision: Destination): Destination => ({
    ...revision,
    endpoints: toEndpoints(systemPods(view, 'activator'), QUEUE_PORT).filter(({ workload }) =>
      hasLabels(workload.labels, revision.subsetLabels ?? {})
    )
  })
)

/** Group of which Knative accepts only these keys on a revision. */
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
 * KServe propagates annotations unchanged; Knative rejects the Service for some of them, and the model gets no route.
 * @see knative serving 1.23 pkg/apis/autoscaling/annotation_validation.go,
 * networking pkg/apis/networking/metadata_validation.go
 */
export function findKnativeRejection(
  service: InferenceService,
  { name, annotations }: Component
): ConfigurationRejected | undefined {
  const reject = (key: string, value: string, reason: string): ConfigurationRejected => {
    const onComponent = service.spec[name]?.annotations[key] !== undefined
    const field = `${onComponent ? `spec.${name}` : 'metadata'}.annotations[${key}]`
    return { cause: 'configuration-rejected', object: toRef(service), field, value, reason, by: 'Knative' }
  }
  const capacity = findBurstCapacity(annotations)
  if (capacity !== undefined && capacity.value === undefined) {
    return reject(capacity.key, capacity.text, 'value must be -1 or at least 0')
  }
  const unknown = Object.entries(annotations).find(
    ([key]) => key.startsWith(NETWORKING) && !NETWORKING_KEYS.includes(key.slice(NETWORKING.length))
  )
  return unknown && reject(...unknown, 'Knative defines no such annotation')
}
