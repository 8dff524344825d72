import { deploymentMode } from '../kserve/deployment-mode.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import { predictedObjects } from '../request/predicted-objects.ts'
import type { Resource } from '../state/resource.ts'
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
  return after.list('InferenceService').filter(service => deploymentMode(after, service) === 'Knative')
}

function react(before: Snapshot, state: Snapshot, service: InferenceService): Snapshot {
  const known = before.get('InferenceService', service.namespace, service.name)
  if (known === undefined) return state
  const [was, is] = [predictedObjects(before, known), predictedObjects(state, service)]
  const specs = new Map(was.virtualServices.map(one => [one.name, JSON.stringify(one.spec)]))
  let next = state
  for (const { namespace, name, spec } of is.virtualServices) {
    const live = next.get('VirtualService', namespace, name)
    const isChanged = specs.has(name) && specs.get(name) !== JSON.stringify(spec)
    if (live !== undefined && isChanged) next = update(next, live, { ...live, spec })
  }
  for (const [host, target] of is.aliases) {
    const [name = '', namespace = ''] = host.split('.')
    const live = next.get('Service', namespace, name)
    const isChanged = was.aliases.has(host) && was.aliases.get(host) !== target
    if (live !== undefined && isChanged)
      next = update(next, live, { ...live, spec: { ...live.spec, externalName: target } })
  }
  return next
}

const update = (state: Snapshot, before: Resource, after: Resource) =>
  state.apply({ operation: 'UPDATE', before, after })
