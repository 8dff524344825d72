import { INJECT } from '../istio/injection.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'inject-value-invalid',
  category: 'style',
  mode: 'warn',
  summary: 'sidecar.istio.io/inject is not true or false, or label and annotation differ',
  symptom: 'pods of the model have, or lack, an `istio-proxy` container contrary to the label or annotation',
  on: ['InferenceService'],
  reads: ['ConfigMap', 'ServingRuntime', 'ClusterServingRuntime', 'Service'],
  *check(service, view) {
    for (const { name, service: component, labels, annotations } of componentsOf(view, service)) {
      const values = { labels: labels[INJECT], annotations: annotations[INJECT] }
      for (const map of ['labels', 'annotations'] as const) {
        const value = values[map]
        if (value === undefined || value === 'true' || value === 'false') continue
        yield {
          field: `spec.${name}.${map}[${INJECT}]`,
          message: `${component}: Istio ignores the value "${value}" of ${INJECT}`,
          fix: { text: 'Set "true" or "false", in lower case and as a string' }
        }
      }
      if (values.labels === undefined || values.annotations === undefined || values.labels === values.annotations)
        continue
      yield {
        field: `spec.${name}.annotations[${INJECT}]`,
        message: `${component}: label ${INJECT} "${values.labels}" takes precedence over annotation "${values.annotations}"`,
        fix: { text: 'Remove the annotation: Istio prefers the label' }
      }
    }
  }
})
