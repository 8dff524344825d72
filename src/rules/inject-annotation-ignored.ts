import { componentsOf, injectionSubject } from '../model/inference-service.ts'
import { INJECT, injection } from '../model/injection.ts'
import { INJECTION_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'inject-annotation-ignored',
  severity: 'opens',
  mode: 'warn',
  summary: 'The sidecar.istio.io/inject annotation injects nothing in this namespace',
  on: ['InferenceService'],
  reads: INJECTION_KINDS,
  *check(service, view) {
    for (const component of componentsOf(view, service)) {
      if (component.annotations[INJECT] !== 'true' || component.labels[INJECT] !== undefined) continue
      const subject = injectionSubject(service, component)
      const withLabel = { ...subject, labels: { ...subject.labels, [INJECT]: 'true' } }
      // Where a label would not help either, another rule speaks.
      if (injection(view, subject).injected || !injection(view, withLabel).injected) continue
      yield {
        field: `spec.${component.name}.annotations[${INJECT}]`,
        message: `${component.service} gets no sidecar: namespace ${service.namespace} is not labelled, and the annotation alone does nothing`,
        fix: { text: `Set the label ${INJECT}: "true" on the InferenceService; injectors are chosen by labels` }
      }
    }
  }
})
