import { BURST_CAPACITY, findBurstCapacity } from '../knative/burst-capacity.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { CLASS } from '../request/activator.ts'
import { requiresMesh } from './mesh-policy.ts'
import type { Mutation } from './mutation.ts'

const KPA = 'kpa.autoscaling.knative.dev'

/** Burst capacity 0 removes the activator from the path, so that pods see the identity of callers. Only for Knative. */
export const burstCapacity: Mutation = (view, service) => {
  if (!requiresMesh(view, service)) return []
  const applies = componentsOf(view, service).every(
    ({ mode, annotations }) =>
      mode === 'Knative' && (annotations[CLASS] ?? KPA) === KPA && findBurstCapacity(annotations) === undefined
  )
  return applies ? [{ map: 'annotations', key: BURST_CAPACITY, value: '0', optional: true }] : []
}
