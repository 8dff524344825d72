import { isAmbient } from '../istio/ambient.ts'
import { INJECT, injection } from '../istio/injection.ts'
import { componentsOf, injectionSubject } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import { INJECTION_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'injection-disabled-in-namespace',
  category: 'exposure',
  mode: 'warn',
  summary: 'Sidecar injection is requested, but disabled in the namespace',
  symptom: 'pods of the model have no `istio-proxy` container, although the label requests one',
  on: ['InferenceService'],
  reads: INJECTION_KINDS,
  *check(service, view) {
    for (const component of componentsOf(view, service)) {
      const { labels, annotations } = component
      if ((labels[INJECT] ?? annotations[INJECT]) !== 'true') continue
      const subject = injectionSubject(service, component)
      const forced = injection(view, { ...subject, labels: { ...labels, [INJECT]: 'true' } })
      if (forced.injected || forced.reason === 'host-network') continue
      // Pods in ambient mode are in the mesh without a sidecar.
      if (isAmbient(view, desiredPod(view, service, component))) continue
      const namespace = view.get('Namespace', '', service.namespace)
      const value = namespace?.labels['istio-injection']
      yield {
        field: `spec.${component.name}.labels[${INJECT}]`,
        message: `${component.service} gets no sidecar: namespace ${service.namespace} ${reason(value)}`,
        fix: {
          text: `Label namespace ${service.namespace} istio-injection=enabled; no field of the InferenceService replaces it`,
          apply:
            namespace === undefined
              ? []
              : [updatedManifest(namespace, { labels: { ...namespace.labels, 'istio-injection': 'enabled' } })]
        }
      }
    }
  }
})

function reason(value: string | undefined): string {
  return value === undefined ? 'matches no injection webhook' : `is labeled istio-injection=${value}`
}
