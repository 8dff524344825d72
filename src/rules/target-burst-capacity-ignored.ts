import { findBurstCapacity } from '../knative/burst-capacity.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { CLASS, HPA } from '../request/activator.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'target-burst-capacity-ignored',
  category: 'style',
  mode: 'warn',
  summary: 'targetBurstCapacity is ignored: no activator, or autoscaler class hpa',
  symptom: 'no change: the annotation has no effect on the activator',
  on: ['InferenceService'],
  reads: ['ConfigMap', 'ServingRuntime', 'ClusterServingRuntime', 'Service'],
  *check(service, view) {
    for (const { name, mode, service: component, annotations } of componentsOf(view, service)) {
      const found = findBurstCapacity(annotations)
      if (found === undefined || (mode === 'Knative' && annotations[CLASS] !== HPA)) continue
      const why = mode === 'Knative' ? 'with autoscaler class hpa' : `in ${mode} mode`
      yield {
        field: `spec.${name}.annotations[${found.key}]`,
        message: `${component}: targetBurstCapacity "${found.text}" is ignored ${why}`,
        fix: { text: `Remove the annotation ${found.key}` }
      }
    }
  }
})
