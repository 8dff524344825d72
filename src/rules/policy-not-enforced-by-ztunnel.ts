import { isAmbient } from '../istio/ambient.ts'
import { actionOf, isEnforced } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import { attaches, targetRefsOf } from '../istio/policy-target.ts'
import { ignoredRules } from '../istio/ztunnel-authorization.ts'
import { nameOf, type ResourceOf } from '../state/resource.ts'
import { isEmpty } from '../text/selector.ts'
import { MODEL_KINDS, modelPods, modelsOf } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'policy-not-enforced-by-ztunnel',
  category: 'exposure',
  mode: 'warn',
  summary: 'A policy has no effect on models in ambient mode: ztunnel does not enforce it',
  symptom: 'requests to deny get 200, or requests to allow are reset; status of the policy: `UnsupportedValue`',
  on: ['AuthorizationPolicy', 'RequestAuthentication'],
  reads: MODEL_KINDS,
  *check(policy, view) {
    if (targetRefsOf(policy.spec).length > 0) return
    const ignored = policy.kind === 'RequestAuthentication' ? BY_JWT : ignoredOf(policy)
    const { rootNamespace } = meshOf(view)
    const namespace = policy.namespace === rootNamespace ? undefined : policy.namespace
    if (ignored.length === 0) return
    const models = modelsOf(
      modelPods(view, namespace).filter(({ pod }) => attaches(policy, pod) && isAmbient(view, pod))
    )
    if (models.length === 0) return
    for (const { field, reason, effect = 'has no effect', exposes } of ignored) {
      yield {
        field,
        message: `${nameOf(policy)} ${effect} on models in ambient mode: ${reason}`,
        fix: {
          text: 'Bind a waypoint to the Services of the models, and attach the policy to them with targetRefs'
        },
        ...(exposes && { exposes, models })
      }
    }
  }
})

interface Ignored {
  readonly field: string
  readonly reason: string
  readonly effect?: string
  readonly exposes?: 'jwt-not-enforced' | 'policy-not-enforced'
}

const BY_JWT: readonly Ignored[] = [{ field: 'spec', reason: 'ztunnel validates no JWTs', exposes: 'jwt-not-enforced' }]

/** @see istio 1.31 pilot/pkg/serviceregistry/ambient/authorization.go (convertAuthorizationPolicy) */
function ignoredOf(policy: ResourceOf<'AuthorizationPolicy'>): readonly Ignored[] {
  const { selector } = policy.spec
  const action = actionOf(policy)
  if (!isEnforced(policy) || action === 'AUDIT') return []
  const exposes = 'policy-not-enforced'
  if (action === 'CUSTOM') return [{ field: 'spec.action', reason: 'ztunnel has no CUSTOM policies', exposes }]
  if (selector !== undefined && isEmpty(selector.matchLabels))
    return [{ field: 'spec.selector', reason: 'ztunnel attaches an empty selector to no pod', exposes }]
  return ignoredRules(policy).map(({ index, fields }) => ({
    field: `spec.rules[${index}]`,
    reason: `ztunnel does not read ${fields.join(', ')}`,
    // istiod drops such a rule.
    ...(action === 'ALLOW' ? { effect: 'allows less than it says' } : { exposes })
  }))
}
