import { attaches } from '../model/attachment.ts'
import { asksForToken, policiesFor } from '../model/authorization.ts'
import { meshOf } from '../model/mesh.ts'
import type { RequestAuthentication } from '../model/request-authentication.ts'
import { nameOf } from '../model/resource.ts'
import { isEmpty } from '../model/selector.ts'
import { MODEL_KINDS, modelPods, modelsOf } from './lib/model-pods.ts'
import { KNATIVE_PROBE_PATHS } from './lib/policy-message-parts.ts'
import { defineCheck, type Manifest } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'jwt-not-required',
  severity: 'opens',
  mode: 'warn',
  summary: 'Tokens are checked, but none is asked for: who brings none gets in',
  on: ['RequestAuthentication'],
  reads: [...MODEL_KINDS, 'AuthorizationPolicy'],
  *check(subject, view) {
    const { apiVersion, name, namespace, spec } = subject
    const isRoot = namespace === meshOf(view).rootNamespace
    // One with a selector in the root namespace is meant for gateways.
    if (spec.jwtRules.length === 0 || (isRoot && !isEmpty(spec.selector?.matchLabels ?? {}))) return
    const open = modelPods(view, isRoot ? undefined : namespace).filter(
      ({ pod }) => attaches(subject, pod) && !policiesFor(view, pod).some(asksForToken)
    )
    const [first] = modelsOf(open)
    if (first === undefined) return
    const rule = {
      from: [{ source: { notRequestPrincipals: ['*'] } }],
      to: [{ operation: { notPaths: KNATIVE_PROBE_PATHS } }]
    }
    yield {
      field: 'spec.jwtRules',
      message: `${nameOf(subject)} refuses bad tokens alone: who brings none gets to ${first}`,
      fix: {
        text: 'Ask for a token by a policy, save for what Knative asks pods itself',
        apply: [
          forwarding(subject),
          ...[...new Set(open.map(({ pod }) => pod.namespace))].map(of => ({
            apiVersion,
            kind: 'AuthorizationPolicy',
            metadata: { name: `${name}-required`, namespace: of },
            spec: { ...(spec.selector && { selector: spec.selector }), action: 'DENY', rules: [rule] }
          }))
        ]
      },
      opens: 'jwt-not-enforced',
      models: modelsOf(open)
    }
  }
})

/** Whoever reads a token takes it off by default, and then the next to ask for one finds none. */
function forwarding(policy: RequestAuthentication): Manifest {
  const jwtRules = policy.spec.jwtRules.map(rule => ({ ...rule, forwardOriginalToken: true }))
  return updatedManifest(policy, { spec: { ...policy.spec, jwtRules } })
}
