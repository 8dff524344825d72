import { DEPLOYMENT_MODE, deploymentMode, MODES } from '../kserve/deployment-mode.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'unknown-deployment-mode',
  category: 'style',
  mode: 'warn',
  summary: 'KServe ignores an unknown deployment mode and uses the default mode',
  symptom: 'the InferenceService runs in another deployment mode than the annotation requests, without an error',
  on: ['InferenceService'],
  reads: ['ConfigMap'],
  *check(service, view) {
    const requested = service.annotations[DEPLOYMENT_MODE]
    if (requested === undefined || MODES.has(requested)) return
    yield {
      field: `metadata.annotations[${DEPLOYMENT_MODE}]`,
      message: `Unknown mode "${requested}": KServe deploys ${service.namespace}/${service.name} in ${deploymentMode(view, service)} mode`,
      fix: { text: 'Set Knative, Standard or ModelMesh, or remove the annotation' }
    }
  }
})
