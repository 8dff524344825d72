import { isAmbient } from '../istio/ambient.ts'
import { policiesFor } from '../istio/authorization.ts'
import { componentsOf, podsOf } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import { nameOf } from '../state/resource.ts'
import { POD_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'policy-without-sidecar',
  category: 'exposure',
  mode: 'warn',
  summary: 'AuthorizationPolicies are not enforced on models whose pods have no sidecar',
  symptom: 'requests that an AuthorizationPolicy denies get 200 instead of 403 RBAC',
  on: ['InferenceService'],
  reads: ['AuthorizationPolicy', ...POD_KINDS],
  *check(service, view) {
    for (const component of componentsOf(view, service)) {
      const [pod = desiredPod(view, service, component)] = podsOf(view, service, component)
      const [policy, ...others] = pod.proxy === 'none' && !isAmbient(view, pod) ? policiesFor(view, pod) : []
      if (policy === undefined) continue
      const more = others.length === 0 ? '' : ` (and ${others.length} more)`
      yield {
        field: `spec.${component.name}`,
        message: `${nameOf(policy)}${more} is not enforced: ${component.service} has no sidecar`,
        fix: { text: 'Inject a sidecar, or exclude the pods from the policies by their selectors' },
        exposes: 'policy-not-enforced'
      }
    }
  }
})
