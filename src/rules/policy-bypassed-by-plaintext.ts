import { isAmbient } from '../istio/ambient.ts'
import { actionOf, authorize, isEnforced } from '../istio/authorization.ts'
import type { AuthorizationPolicy } from '../istio/authorization-policy.ts'
import { hasIdentity } from '../istio/authorization-rule.ts'
import { meshOf } from '../istio/mesh.ts'
import { modeForPort, peerMtls } from '../istio/peer-authentication.ts'
import { attaches } from '../istio/policy-target.ts'
import { callTo } from '../kserve/inference-request.ts'
import { QUEUE_PORT, STANDARD_PORT } from '../kserve/inference-service.ts'
import type { PathKinds } from '../request/caller.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { MODEL_KINDS, type ModelPod, modelPods, modelsOf } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { strictNamespace } from './lib/strict-namespace.ts'

export default defineCheck({
  id: 'policy-bypassed-by-plaintext',
  category: 'exposure',
  mode: 'warn',
  summary: 'Plaintext callers bypass an AuthorizationPolicy that matches on identity',
  symptom: '200 instead of 403 for plaintext callers that a policy should deny',
  on: ['AuthorizationPolicy'],
  reads: [...MODEL_KINDS, 'PeerAuthentication'],
  *check(policy, view) {
    const rule = policy.spec.rules.findIndex(one => one !== null && isBypassable(policy, one))
    if (rule < 0 || !isEnforced(policy)) return
    const { namespace } = policy
    const isRoot = namespace === meshOf(view).rootNamespace
    const exposed = modelPods(view, isRoot ? undefined : namespace).filter(one => acceptsPlaintext(view, policy, one))
    const [first] = modelsOf(exposed)
    if (first === undefined) return
    yield {
      field: `spec.rules[${rule}]`,
      message: `${nameOf(policy)} is bypassed: ${first} accepts plaintext, which carries no peer identity`,
      fix: {
        text: 'Make the models STRICT, and inject missing sidecars',
        apply: isRoot || exposed.some(({ pod }) => pod.proxy === 'none') ? [] : [strictNamespace(view, namespace)]
      },
      exposes: 'policy-not-enforced',
      models: modelsOf(exposed)
    }
  }
})

type Rule = NonNullable<AuthorizationPolicy['spec']['rules'][number]>

const IDENTITIES = ['source.principal', 'source.namespace', 'source.serviceAccount', 'source.trustDomain']

/** True if requests without a peer identity bypass the rule: DENY on identities, or ALLOW on all but some identities. */
function isBypassable(policy: AuthorizationPolicy, { from, when }: Rule): boolean {
  const conditions = when.filter(({ key }) => IDENTITIES.includes(key))
  const sources = from.flatMap(({ source }) => source ?? [])
  const hasIdentityValues = conditions.some(({ values }) => values.length > 0)
  if (actionOf(policy) === 'DENY') return hasIdentityValues || sources.some(hasIdentity)
  return (
    actionOf(policy) === 'ALLOW' &&
    !hasIdentityValues &&
    (conditions.length > 0 ||
      sources.some(
        source =>
          !hasIdentity(source) &&
          [source.notPrincipals, source.notNamespaces, source.notServiceAccounts, source.notTrustDomains].some(
            ({ length }) => length > 0
          )
      ))
  )
}

/** True if the policy applies to the pod, and the pod accepts unauthenticated plaintext requests. */
function acceptsPlaintext(
  view: View<PathKinds>,
  policy: AuthorizationPolicy,
  { service, component, pod }: ModelPod
): boolean {
  if (!attaches(policy, pod) || isAmbient(view, pod)) return false
  const port = component.mode === 'Knative' ? QUEUE_PORT : STANDARD_PORT
  if (pod.proxy === 'none') return true
  if (modeForPort(peerMtls(view, pod), port).mode === 'STRICT') return false
  const host = serviceHost(service.namespace, component.service, view.settings.clusterDomain)
  const call = callTo(view, service, host, undefined)
  const to = { address: pod.address, port }
  const request = { ...call, identity: undefined, from: undefined, to, sni: undefined, http: true }
  return authorize(view, pod, request).is === 'allowed'
}
