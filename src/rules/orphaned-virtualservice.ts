import { ingressOf } from '../model/kserve.ts'
import { toRef } from '../model/resource.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'orphaned-virtualservice',
  severity: 'latent',
  mode: 'warn',
  summary: 'KServe no longer keeps the VirtualService of a model, which routes all the same',
  on: ['VirtualService'],
  reads: ['ConfigMap'],
  *check(route, view) {
    const { owner } = route
    const isOfModel = owner?.kind === 'InferenceService' && owner.apiVersion.startsWith('serving.kserve.io/')
    if (!isOfModel || !ingressOf(view).config.disableIstioVirtualHost) return
    yield {
      field: 'spec.hosts',
      message: `disableIstioVirtualHost is on, but the route of ${route.namespace}/${owner.name} stays and leads to the local gateway`,
      fix: { text: 'Remove it: KServe neither updates nor deletes it any more', remove: [toRef(route)] }
    }
  }
})
