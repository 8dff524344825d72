import { deploymentMode } from '../model/deployment-mode.ts'
import { publicDomain } from '../model/knative.ts'
import { defineCheck } from './lib/rule.ts'

const LABELS = { Knative: 'networking.knative.dev/visibility', Standard: 'networking.kserve.io/visibility' } as const
/** What the label was called once. */
const OLD = 'serving.knative.dev/visibility'
const LOCAL = 'cluster-local'

export default defineCheck({
  id: 'visibility-label-ignored',
  severity: 'opens',
  mode: 'warn',
  summary: 'A visibility label that does not count in this mode: the model is published',
  on: ['InferenceService'],
  reads: ['ConfigMap'],
  *check(service, view) {
    const mode = deploymentMode(view, service)
    if (mode === 'ModelMesh' || (mode === 'Knative' && publicDomain(view) === undefined)) return
    const right = LABELS[mode]
    const { labels } = service
    const asks = [OLD, ...Object.values(LABELS)].find(key => labels[key] !== undefined)
    if (asks === undefined || labels[right] === LOCAL) return
    yield {
      field: `metadata.labels[${asks}]`,
      message: `${asks}: ${labels[asks]} keeps nobody out in mode ${mode}: the model is published`,
      fix: { text: `Label it ${right}: ${LOCAL}` },
      opens: 'public-route'
    }
  }
})
