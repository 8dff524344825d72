import { INJECT } from '../model/injection.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'llminferenceservice-inject-ignored',
  severity: 'latent',
  mode: 'warn',
  summary: 'KServe drops sidecar.istio.io/inject from the metadata of an LLMInferenceService',
  on: ['LLMInferenceService'],
  reads: [],
  *check({ namespace, name, labels, annotations, spec }) {
    for (const [map, above, below] of [
      ['labels', labels, spec.labels],
      ['annotations', annotations, spec.annotations]
    ] as const) {
      const value = above[INJECT]
      if (value === undefined || below[INJECT] !== undefined) continue
      yield {
        field: `metadata.${map}[${INJECT}]`,
        message: `KServe does not hand ${INJECT} "${value}" to the pods of ${namespace}/${name}`,
        fix: { text: `Write it into spec.${map}` }
      }
    }
  }
})
