import { componentsOf } from '../model/inference-service.ts'
import { INJECT } from '../model/injection.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'inject-value-invalid',
  severity: 'style',
  mode: 'warn',
  summary: 'sidecar.istio.io/inject is neither "true" nor "false", or both at once',
  on: ['InferenceService'],
  reads: ['ConfigMap', 'ServingRuntime', 'ClusterServingRuntime'],
  *check(service, view) {
    for (const { name, service: component, labels, annotations } of componentsOf(view, service)) {
      const said = { labels: labels[INJECT], annotations: annotations[INJECT] }
      for (const map of ['labels', 'annotations'] as const) {
        const value = said[map]
        if (value === undefined || value === 'true' || value === 'false') continue
        yield {
          field: `spec.${name}.${map}[${INJECT}]`,
          message: `${component}: Istio reads "${value}" as if ${INJECT} were not there`,
          fix: { text: `Write "true" or "false", in small letters and as a string` }
        }
      }
      if (said.labels === undefined || said.annotations === undefined || said.labels === said.annotations) continue
      yield {
        field: `spec.${name}.annotations[${INJECT}]`,
        message: `${component}: label ${INJECT} "${said.labels}" counts, the annotation "${said.annotations}" does not`,
        fix: { text: 'Remove the annotation: Istio looks at the label first' }
      }
    }
  }
})
