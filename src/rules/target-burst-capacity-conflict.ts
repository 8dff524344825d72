import { BURST_CAPACITY_KEYS } from '../knative/burst-capacity.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { defineCheck } from './lib/rule.ts'

const [PREFERRED, IGNORED] = BURST_CAPACITY_KEYS

export default defineCheck({
  id: 'target-burst-capacity-conflict',
  category: 'ineffective',
  mode: 'warn',
  summary: 'targetBurstCapacity is set under two annotation keys with different values',
  symptom: 'the activator stays on the request path, or leaves it, contrary to an annotation',
  on: ['InferenceService'],
  reads: ['ConfigMap', 'ServingRuntime', 'ClusterServingRuntime', 'Service'],
  *check(service, view) {
    for (const { name, service: component, annotations } of componentsOf(view, service)) {
      const [used, ignored] = [annotations[PREFERRED], annotations[IGNORED]]
      if (used === undefined || ignored === undefined || used === ignored) continue
      yield {
        field: `spec.${name}.annotations[${IGNORED}]`,
        message: `${component}: target-burst-capacity "${used}" takes precedence over targetBurstCapacity "${ignored}"`,
        fix: { text: `Remove one of the two annotations; Knative reads ${PREFERRED} first` }
      }
    }
  }
})
