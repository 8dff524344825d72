import { deploymentMode } from '../kserve/deployment-mode.ts'
import { predictedHttpRoutes } from '../kserve/http-route.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import { predictedIngress } from '../kserve/ingress.ts'
import { predictedObjects } from '../request/predicted-objects.ts'
import { nameOf, type Resource } from '../state/resource.ts'
import type { Change, Snapshot } from '../state/snapshot.ts'

/**
 * State after a change, and after the controllers have reacted to it: what their predictions before and after differ in is
 * written to the objects that exist. Objects that an older or patched controller created are otherwise left as they are.
 */
export function applyChange(before: Snapshot, change: Change): Snapshot {
  const after = before.apply(change)
  return affectedModels(after, change).reduce((state, service) => react(before, state, service), after)
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
