import { BURST_CAPACITY, findBurstCapacity } from '../model/burst-capacity.ts'
import { componentsOf } from '../model/inference-service.ts'
import { requiresMesh } from './mesh-policy.ts'
import type { Mutation } from './mutation.ts'

const CLASS = 'autoscaling.knative.dev/class'
const KPA = 'kpa.autoscaling.knative.dev'

/** Burst capacity 0 takes the activator off the path, so that pods see who calls. It means something on Knative alone. */
export const burstCapacity: Mutation = (view, service) => {
  if (!requiresMesh(view, service)) return []
  const applies = componentsOf(view, service).every(
    ({ mode, annotations }) =>
      mode === 'Knative' && (annotations[CLASS] ?? KPA) === KPA && findBurstCapacity(annotations) === undefined
  )
  return applies ? [{ map: 'annotations', key: BURST_CAPACITY, value: '0', optional: true }] : []
}
