import { BURST_CAPACITY_KEYS } from '../model/burst-capacity.ts'
import { componentsOf } from '../model/inference-service.ts'
import { defineCheck } from './lib/rule.ts'

const [WINS, LOSES] = BURST_CAPACITY_KEYS

export default defineCheck({
  id: 'target-burst-capacity-conflict',
  severity: 'wastes',
  mode: 'warn',
  summary: 'targetBurstCapacity stands there in two spellings with different values',
  on: ['InferenceService'],
  reads: ['ConfigMap', 'ServingRuntime', 'ClusterServingRuntime'],
  *check(service, view) {
    for (const { name, service: component, annotations } of componentsOf(view, service)) {
      const [used, ignored] = [annotations[WINS], annotations[LOSES]]
      if (used === undefined || ignored === undefined || used === ignored) continue
      yield {
        field: `spec.${name}.annotations[${LOSES}]`,
        message: `${component}: target-burst-capacity "${used}" counts, targetBurstCapacity "${ignored}" is ignored`,
        fix: { text: `Remove one of the two; Knative reads ${WINS} first` }
      }
    }
  }
})
