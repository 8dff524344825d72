import { isAmbient } from '../istio/ambient.ts'
import { deploymentMode } from '../kserve/deployment-mode.ts'
import { predictedHttpRoutes } from '../kserve/http-route.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import { predictedIngress } from '../kserve/ingress.ts'
import { predictedObjects } from '../request/predicted-objects.ts'
import { nameOf, type Resource, type ResourceOf } from '../state/resource.ts'
import type { Change, Snapshot } from '../state/snapshot.ts'
import { captureOf, REDIRECTION, toWorkload } from '../state/workload.ts'

/**
 * State after a change, and after the controllers have reacted to it: what their predictions before and after differ in is
 * written to the objects that exist. Objects that an older or patched controller created are otherwise left as they are.
 */
export function applyChange(before: Snapshot, change: Change): Snapshot {
  const after = capturePods(before, before.apply(change), change)
  return affectedModels(after, change).reduce((state, service) => react(before, state, service), after)
}

/**
 * State after istio-cni has captured or released the pods whose labels, or whose namespace's labels, the change concerns. It does so
 * at once, without a restart.
 * @see istio 1.31 cni/pkg/nodeagent/informers.go (reconcileNamespace, reconcilePod)
 */
function capturePods(before: Snapshot, after: Snapshot, { before: old, after: changed }: Change): Snapshot {
  const pods =
    changed?.kind === 'Namespace'
      ? after.list('Pod', changed.name).map(pod => ({ known: pod, pod }))
      : changed?.kind === 'Pod' && old?.kind === 'Pod'
        ? [{ known: old, pod: changed }]
        : []
  return pods.reduce((state, { known, pod }) => {
    const isSelected = selectsForAmbient(after, pod)
    if (isSelected === selectsForAmbient(before, known)) return state
    const { [REDIRECTION]: _, ...others } = pod.annotations
    const annotations = isSelected ? { ...others, [REDIRECTION]: 'enabled' } : others
    return update(state, pod, { ...pod, annotations })
  }, after)
}

/** True if the labels of the pod and its namespace ask for ambient mode. */
function selectsForAmbient(state: Snapshot, pod: ResourceOf<'Pod'>): boolean {
  const { labels, annotations, spec } = pod
  const captured = captureOf({ labels, annotations, hostNetwork: spec.hostNetwork === true })
  return isAmbient(state, { ...toWorkload(pod), captured })
}

/** Models whose objects the controllers write again. */
function affectedModels(after: Snapshot, { before, after: changed }: Change): readonly InferenceService[] {
  if (changed?.kind === 'InferenceService' && before !== undefined) return [changed]
  if ((changed ?? before)?.kind !== 'ConfigMap') return []
  return after.list('InferenceService').filter(service => deploymentMode(after, service) !== 'ModelMesh')
}

function react(before: Snapshot, state: Snapshot, service: InferenceService): Snapshot {
  const known = before.get('InferenceService', service.namespace, service.name)
  if (known === undefined) return state
  const specs = new Map(predictionsOf(before, known).map(one => [nameOf(one), JSON.stringify(one.spec)]))
  return predictionsOf(state, service).reduce((next, one) => {
    const live = next.get(one.kind, one.namespace, one.name)
    const known = specs.get(nameOf(one))
    if (live === undefined || known === undefined || known === JSON.stringify(one.spec)) return next
    return update(next, live, { ...live, spec: one.spec } as Resource)
  }, state)
}

function predictionsOf(state: Snapshot, service: InferenceService) {
  if (deploymentMode(state, service) === 'Knative') {
    const { virtualServices, services } = predictedObjects(state, service)
    return [...virtualServices, ...services]
  }
  const ingress = predictedIngress(state, service)
  return [...predictedHttpRoutes(state, service), ...(ingress === undefined ? [] : [ingress])]
}

const update = (state: Snapshot, before: Resource, after: Resource) =>
  state.apply({ operation: 'UPDATE', before, after })
