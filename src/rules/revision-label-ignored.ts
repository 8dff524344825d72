import { INJECT, selectingWebhook } from '../istio/injection.ts'
import { nameOf } from '../state/resource.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

const REVISION = 'istio.io/rev'
const INJECTION = 'istio-injection'
/** Pods with and without a request for a sidecar. */
const PODS = [{}, { [INJECT]: 'true' }]

export default defineCheck({
  id: 'revision-label-ignored',
  category: 'ineffective',
  mode: 'warn',
  summary: 'Label istio.io/rev is ignored: istio-injection takes precedence',
  symptom: 'new pods get the sidecar of the default revision, or none, although `istio.io/rev` names another',
  on: ['Namespace'],
  reads: ['MutatingWebhookConfiguration', 'InferenceService'],
  *check(namespace, view) {
    const { name, labels } = namespace
    const { [REVISION]: revision, ...withoutRevision } = labels
    const { [INJECTION]: injection, ...withoutInjection } = labels
    if (revision === undefined || injection === undefined) return
    const { istioNamespace, knativeNamespace, kserveNamespace } = view.settings
    const isSystem = [istioNamespace, knativeNamespace, kserveNamespace].includes(name)
    if (!isSystem && view.list('InferenceService', name).length === 0) return
    const selected = (some: typeof labels) => PODS.map(pod => selectingWebhook(view, { name, labels: some }, pod))
    const [current] = selected(labels)
    if (JSON.stringify(selected(labels)) !== JSON.stringify(selected(withoutRevision))) return
    // A tag is another name of a revision.
    const intended = selected(withoutInjection)[0]?.revision ?? revision
    if (current?.revision === intended) return
    yield {
      field: `metadata.labels[${REVISION}]`,
      message: `${nameOf(namespace)}: ${REVISION}=${revision} is ignored, ${INJECTION}=${injection} takes precedence`,
      fix: {
        text: `Remove ${REVISION}, which changes nothing; or remove ${INJECTION}, if revision ${revision} is installed`,
        apply: [updatedManifest(namespace, { labels: withoutRevision })]
      }
    }
  }
})
