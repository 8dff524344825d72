import { isAmbient } from '../istio/ambient.ts'
import { policiesFor, requiresToken } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import { attaches } from '../istio/policy-target.ts'
import type { RequestAuthentication } from '../istio/request-authentication.ts'
import { nameOf } from '../state/resource.ts'
import { isEmpty } from '../text/selector.ts'
import { MODEL_KINDS, modelPods, modelsOf } from './lib/model-pods.ts'
import { KNATIVE_PROBE_PATHS } from './lib/policy-message-parts.ts'
import { defineCheck, type Manifest } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'jwt-not-required',
  category: 'exposure',
  mode: 'warn',
  summary: 'JWTs are validated but not required: requests without a JWT are allowed',
  symptom: '200 instead of 401 or 403 for requests without a JWT',
  on: ['RequestAuthentication'],
  reads: [...MODEL_KINDS, 'AuthorizationPolicy'],
  *check(subject, view) {
    const { apiVersion, name, namespace, spec } = subject
    const isRoot = namespace === meshOf(view).rootNamespace
    // A RequestAuthentication with a selector in the root namespace targets gateways.
    if (spec.jwtRules.length === 0 || (isRoot && !isEmpty(spec.selector?.matchLabels ?? {}))) return
    const exposed = modelPods(view, isRoot ? undefined : namespace).filter(
      ({ pod }) => attaches(subject, pod) && !isAmbient(view, pod) && !policiesFor(view, pod).some(requiresToken)
    )
    const [first] = modelsOf(exposed)
    if (first === undefined) return
    const rule = {
      from: [{ source: { notRequestPrincipals: ['*'] } }],
      to: [{ operation: { notPaths: KNATIVE_PROBE_PATHS } }]
    }
    yield {
      field: 'spec.jwtRules',
      message: `${nameOf(subject)} rejects only invalid JWTs: requests without one reach ${first}`,
      fix: {
        text: 'Require a JWT, except on the paths that Knative probes',
        apply: [
          forwarding(subject),
          ...[...new Set(exposed.map(({ pod }) => pod.namespace))].map(of => ({
            apiVersion,
            kind: 'AuthorizationPolicy',
            metadata: { name: `${name}-required`, namespace: of },
            spec: { ...(spec.selector && { selector: spec.selector }), action: 'DENY', rules: [rule] }
          }))
        ]
      },
      exposes: 'jwt-not-enforced',
      models: modelsOf(exposed)
    }
  }
})

/** By default, a proxy strips the JWT that it validates; a later hop that requires it then finds none. */
function forwarding(policy: RequestAuthentication): Manifest {
  const jwtRules = policy.spec.jwtRules.map(rule => ({ ...rule, forwardOriginalToken: true }))
  return updatedManifest(policy, { spec: { ...policy.spec, jwtRules } })
}
