import { DEPLOYMENT_MODE, deploymentMode, MODES } from '../model/deployment-mode.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'unknown-deployment-mode',
  severity: 'style',
  mode: 'warn',
  summary: 'KServe does not know the deployment mode, and takes the default without a word',
  on: ['InferenceService'],
  reads: ['ConfigMap'],
  *check(service, view) {
    const asked = service.annotations[DEPLOYMENT_MODE]
    if (asked === undefined || MODES.has(asked)) return
    yield {
      field: `metadata.annotations[${DEPLOYMENT_MODE}]`,
      message: `KServe knows no mode "${asked}": ${service.namespace}/${service.name} is deployed in mode ${deploymentMode(view, service)}`,
      fix: { text: 'Write Knative, Standard or ModelMesh, or leave the annotation out' }
    }
  }
})
