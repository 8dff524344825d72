import { isAmbient, isAmbientNamespace } from '../istio/ambient.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import { INJECTION_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'knative-model-in-ambient-mode',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'A Knative model is in ambient mode, which net-istio does not support officially',
  symptom: 'none, while the versions of Istio and net-istio work together: net-istio does not promise it',
  on: ['InferenceService'],
  reads: INJECTION_KINDS,
  *check(service, view) {
    const namespace = view.get('Namespace', '', service.namespace)
    if (namespace === undefined || !isAmbientNamespace(view, service.namespace)) return
    const components = componentsOf(view, service).filter(({ mode }) => mode === 'Knative')
    if (!components.some(component => isAmbient(view, desiredPod(view, service, component)))) return
    const { 'istio.io/dataplane-mode': _, ...labels } = namespace.labels
    yield {
      field: 'metadata.namespace',
      message: `Namespace ${service.namespace} is ambient, which net-istio tests, but does not support officially`,
      fix: {
        text: 'Use sidecar injection in the namespace, or deployment mode Standard',
        apply: [updatedManifest(namespace, { labels: { ...labels, 'istio-injection': 'enabled' } })]
      }
    }
  }
})
