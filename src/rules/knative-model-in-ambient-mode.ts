import { isAmbient, isAmbientNamespace } from '../istio/ambient.ts'
import { deploymentMode } from '../kserve/deployment-mode.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import { DATAPLANE_MODE } from '../state/workload.ts'
import { INJECTION_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'knative-model-in-ambient-mode',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'Knative models are in ambient mode, which net-istio does not support officially',
  symptom: 'none, while the versions of Istio and net-istio work together: net-istio does not promise it',
  on: ['Namespace'],
  reads: ['InferenceService', ...INJECTION_KINDS],
  *check(namespace, view) {
    const { name } = namespace
    if (!isAmbientNamespace(view, name)) return
    const models = view
      .list('InferenceService', name)
      .filter(service => deploymentMode(view, service) === 'Knative')
      .filter(service => componentsOf(view, service).some(one => isAmbient(view, desiredPod(view, service, one))))
    if (models.length === 0) return
    const { [DATAPLANE_MODE]: _, ...labels } = namespace.labels
    yield {
      field: `metadata.labels[${DATAPLANE_MODE}]`,
      message: `Namespace ${name} has Knative models in ambient mode, which net-istio tests, but does not support officially`,
      fix: {
        text: 'Use sidecar injection in the namespace, or deployment mode Standard',
        apply: [updatedManifest(namespace, { labels: { ...labels, 'istio-injection': 'enabled' } })]
      },
      models: models.map(service => `${service.namespace}/${service.name}`)
    }
  }
})
