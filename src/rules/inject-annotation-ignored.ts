import { INJECT, injection } from '../istio/injection.ts'
import { componentsOf, injectionSubject } from '../kserve/inference-service.ts'
import { INJECTION_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'inject-annotation-ignored',
  category: 'exposure',
  mode: 'warn',
  summary: 'The annotation sidecar.istio.io/inject is ignored in this namespace',
  symptom: 'pods of the model have no `istio-proxy` container, although the annotation requests one',
  on: ['InferenceService'],
  reads: INJECTION_KINDS,
  *check(service, view) {
    for (const component of componentsOf(view, service)) {
      if (component.annotations[INJECT] !== 'true' || component.labels[INJECT] !== undefined) continue
      const subject = injectionSubject(service, component)
      const withLabel = { ...subject, labels: { ...subject.labels, [INJECT]: 'true' } }
      // If a label would not help either, injection-disabled-in-namespace reports it.
      if (injection(view, subject).injected || !injection(view, withLabel).injected) continue
      yield {
        field: `spec.${component.name}.annotations[${INJECT}]`,
        message: `${component.service} gets no sidecar: namespace ${service.namespace} is not labeled, and the annotation is ignored`,
        fix: { text: `Set the label ${INJECT}: "true" on the InferenceService; injection webhooks select by label` }
      }
    }
  }
})
