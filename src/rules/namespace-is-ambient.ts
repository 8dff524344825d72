import { isAmbientNamespace } from '../istio/ambient.ts'
import { deploymentMode } from '../kserve/deployment-mode.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'namespace-is-ambient',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'A Knative model is in an ambient namespace, which net-istio does not support',
  on: ['InferenceService'],
  reads: ['Namespace', 'ConfigMap'],
  *check(service, view) {
    const namespace = view.get('Namespace', '', service.namespace)
    if (namespace === undefined || !isAmbientNamespace(view, service.namespace)) return
    if (deploymentMode(view, service) !== 'Knative') return
    const { 'istio.io/dataplane-mode': _, ...labels } = namespace.labels
    yield {
      field: 'metadata.namespace',
      message: `Namespace ${service.namespace} is ambient: net-istio does not support it, and paths to Knative models are not checked`,
      fix: {
        text: 'Use sidecar injection in the namespace, or deployment mode Standard',
        apply: [updatedManifest(namespace, { labels: { ...labels, 'istio-injection': 'enabled' } })]
      }
    }
  }
})
