import { INJECT } from '../istio/injection.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'llminferenceservice-inject-ignored',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'KServe ignores sidecar.istio.io/inject in the metadata of an LLMInferenceService',
  symptom:
    'pods of an LLMInferenceService have an `istio-proxy` container although its label disables it, or the reverse',
  on: ['LLMInferenceService'],
  reads: [],
  *check({ namespace, name, labels, annotations, spec }) {
    for (const [map, ofMetadata, ofSpec] of [
      ['labels', labels, spec.labels],
      ['annotations', annotations, spec.annotations]
    ] as const) {
      const value = ofMetadata[INJECT]
      if (value === undefined || ofSpec[INJECT] !== undefined) continue
      yield {
        field: `metadata.${map}[${INJECT}]`,
        message: `KServe does not propagate ${INJECT} "${value}" to the pods of ${namespace}/${name}`,
        fix: { text: `Set it in spec.${map}` }
      }
    }
  }
})
