import { deploymentMode } from '../kserve/deployment-mode.ts'
import { toRef } from '../state/resource.ts'
import { toFullName } from '../text/host.ts'
import { findModelOf } from './lib/model-host.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'destinationrule-on-externalname',
  category: 'style',
  mode: 'warn',
  summary: 'DestinationRule on an ExternalName host has no effect (Istio 1.21+)',
  symptom: 'no change: the TLS settings of the DestinationRule have no effect',
  on: ['DestinationRule'],
  reads: ['InferenceService', 'ConfigMap'],
  *check(rule, view) {
    const { trafficPolicy } = rule.spec
    const tls = trafficPolicy?.tls ?? trafficPolicy?.portLevelSettings.find(one => one.tls !== undefined)
    if (tls === undefined) return
    const { clusterDomain } = view.settings
    const host = toFullName(rule.spec.host, rule.namespace, clusterDomain)
    const model = host.endsWith(`.svc.${clusterDomain}`) ? findModelOf(view, host) : undefined
    if (model === undefined || deploymentMode(view, model) !== 'Knative') return
    yield {
      field: 'spec.host',
      message: `${host} is an ExternalName; Istio uses the DestinationRule of its target`,
      fix: {
        text: 'Remove it; only DestinationRules for the local gateway host (all models) or the revision host take effect',
        remove: [toRef(rule)]
      }
    }
  }
})
