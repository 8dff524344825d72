import { deploymentMode } from '../model/deployment-mode.ts'
import { isAmbient } from '../model/injection.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'namespace-is-ambient',
  severity: 'latent',
  mode: 'warn',
  summary: 'A Knative model in an ambient namespace: net-istio does not support it',
  on: ['InferenceService'],
  reads: ['Namespace', 'ConfigMap'],
  *check(service, view) {
    const namespace = view.get('Namespace', '', service.namespace)
    if (namespace === undefined || !isAmbient(view, service.namespace)) return
    if (deploymentMode(view, service) !== 'Knative') return
    const { 'istio.io/dataplane-mode': _, ...labels } = namespace.labels
    yield {
      field: 'metadata.namespace',
      message: `Namespace ${service.namespace} is ambient: whether requests get to a Knative model there is not known`,
      fix: {
        text: `Use sidecars for the namespace instead, or the deployment mode Standard`,
        apply: [updatedManifest(namespace, { labels: { ...labels, 'istio-injection': 'enabled' } })]
      }
    }
  }
})
