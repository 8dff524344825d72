import { deploymentMode } from '../model/deployment-mode.ts'
import { toFullName } from '../model/host.ts'
import { toRef } from '../model/resource.ts'
import { findModelOf } from './lib/model-host.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'destinationrule-on-externalname',
  severity: 'style',
  mode: 'warn',
  summary: 'A DestinationRule for an address that only leads on has no effect',
  on: ['DestinationRule'],
  reads: ['InferenceService', 'ConfigMap'],
  *check(rule, view) {
    const { trafficPolicy } = rule.spec
    const says = trafficPolicy?.tls ?? trafficPolicy?.portLevelSettings.find(({ tls }) => tls !== undefined)
    if (says === undefined) return
    const { clusterDomain } = view.settings
    const host = toFullName(rule.spec.host, rule.namespace, clusterDomain)
    const model = host.endsWith(`.svc.${clusterDomain}`) ? findModelOf(view, host) : undefined
    if (model === undefined || deploymentMode(view, model) !== 'Knative') return
    yield {
      field: 'spec.host',
      message: `${host} only leads on: the rule of its target is used, and not this one`,
      fix: {
        text: 'Remove it; a rule for the local gateway or for the revision counts, and concerns whoever is called so',
        remove: [toRef(rule)]
      }
    }
  }
})
