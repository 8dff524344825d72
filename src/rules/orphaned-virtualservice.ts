import { ingressOf } from '../kserve/kserve.ts'
import { toRef } from '../state/resource.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'orphaned-virtualservice',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'KServe no longer manages the VirtualService of a model, but it still routes',
  symptom: 'none today; 503 or 404 `NR` on the InferenceService URL as soon as the local gateway changes',
  on: ['VirtualService'],
  reads: ['ConfigMap'],
  *check(route, view) {
    const { owner } = route
    const isOfModel = owner?.kind === 'InferenceService' && owner.apiVersion.startsWith('serving.kserve.io/')
    if (!isOfModel || !ingressOf(view).config.disableIstioVirtualHost) return
    yield {
      field: 'spec.hosts',
      message: `disableIstioVirtualHost is on, but the route of ${route.namespace}/${owner.name} remains and targets the local gateway`,
      fix: { text: 'Delete it: KServe no longer updates or deletes it', remove: [toRef(route)] }
    }
  }
})
