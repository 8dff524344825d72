import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import { findBurstCapacity } from '../knative/burst-capacity.ts'
import { systemPods } from '../knative/knative.ts'
import {
  type Component,
  type InferenceService,
  isOfRevision,
  previousRevisionOf,
  QUEUE_PORT,
  revisionOf
} from '../kserve/inference-service.ts'
import { toEndpoints } from '../kubernetes/dedupe-endpoints.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import { memoize } from '../state/memoize.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { type ActivatorMode, activatorModesOf, viaActivator } from './activator.ts'
import type { PathKinds } from './caller.ts'
import { forwardCall } from './evaluate-calls.ts'
import type { ConfigurationRejected } from './hop.ts'
import { type HopEvaluator, hopTo, memoizeHop, type PathTemplate } from './request-path.ts'

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

type Branches = (from: 'gateway' | 'caller') => PathTemplate['branches']

/** Branches to the pods of the latest revision, and to those of the previous one if it gets a share of the requests. */
export function pathsToRevisions(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  pods: readonly Workload[]
): Branches {
  const name = previousRevisionOf(service, component)
  const isPrevious = (pod: Workload) => name !== undefined && isOfRevision(pod, name)
  const [previous, others] = [pods.filter(isPrevious), pods.filter(pod => !isPrevious(pod))]
  const branchesTo = (some: readonly Workload[], revision?: string) =>
    pathsToRevision(view, component, revisionDestination(view, service, component, some, revision))
  if (others.length === 0 || previous.length === 0) return branchesTo(pods)
  const [toLatest, toPrevious] = [branchesTo(others), branchesTo(previous, name)]
  return from => [...toLatest(from), ...toPrevious(from).map(one => ({ ...one, revision: 'previous' as const }))]
}

/** Branches from a gateway or a caller's sidecar to the revision: direct to its pods, or via the activator. */
function pathsToRevision(view: View<PathKinds>, component: Component, revision: Destination): Branches {
  const pods = revision.endpoints.map(({ workload }) => workload)
  const modes = activatorModesOf(view, component, revision)
  const behindActivator = { ...revision, endpoints: toEndpoints(systemPods(view, 'activator'), QUEUE_PORT) }
  const onward: HopEvaluator = ({ call }) => ({
    hop: { name: 'activator->pod', ...viaActivator(view, revision, call) },
    next: { at: pods, call: forwardCall(view, pods, call) }
  })
  const steps = (activatorMode: ActivatorMode, from: 'gateway' | 'caller'): readonly HopEvaluator[] =>
    activatorMode === 'serve'
      ? [memoizeHop(hopTo(view, `${from}->pod`, revision))]
      : [memoizeHop(hopTo(view, `${from}->activator`, behindActivator, { rewrite: ofRevision(revision) })), onward]
  const branchesFrom = (from: 'gateway' | 'caller') =>
    modes.map(activatorMode => ({ activatorMode, steps: steps(activatorMode, from) }))
  const branches = { gateway: branchesFrom('gateway'), caller: branchesFrom('caller') }
  return from => branches[from]
}

/**
 * Headers by which routes tell the activator the revision.
 * @see knative serving 1.23 pkg/activator/activator.go (RevisionHeaderName, RevisionHeaderNamespace)
 */
const ofRevision = ({ host, namespace }: Destination) =>
  memoize((call: Call): Call => {
    const [revision = ''] = host.split('.')
    const headers = { 'knative-serving-revision': revision, 'knative-serving-namespace': namespace }
    return { ...call, headers: { ...call.headers, ...headers } }
  })

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
