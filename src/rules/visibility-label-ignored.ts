import { publicDomain } from '../knative/public-host.ts'
import { deploymentMode } from '../kserve/deployment-mode.ts'
import { defineCheck } from './lib/rule.ts'

const LABELS = { Knative: 'networking.knative.dev/visibility', Standard: 'networking.kserve.io/visibility' } as const
/** Name of the label in older Knative versions. */
const LEGACY_LABEL = 'serving.knative.dev/visibility'
const CLUSTER_LOCAL = 'cluster-local'

export default defineCheck({
  id: 'visibility-label-ignored',
  category: 'exposure',
  mode: 'warn',
  summary: 'A visibility label is ignored in this mode, so the model is public',
  symptom: 'the model answers on the public gateway, although a label makes it cluster-local',
  on: ['InferenceService'],
  reads: ['ConfigMap'],
  *check(service, view) {
    const mode = deploymentMode(view, service)
    if (mode === 'ModelMesh' || (mode === 'Knative' && publicDomain(view, service.labels) === undefined)) return
    const expected = LABELS[mode]
    const { labels } = service
    const used = [LEGACY_LABEL, ...Object.values(LABELS)].find(key => labels[key] !== undefined)
    if (used === undefined || labels[expected] === CLUSTER_LOCAL) return
    yield {
      field: `metadata.labels[${used}]`,
      message: `${used}: ${labels[used]} is ignored in ${mode} mode: the model is public`,
      fix: { text: `Set the label ${expected}: ${CLUSTER_LOCAL}` },
      exposes: 'public-route'
    }
  }
})
