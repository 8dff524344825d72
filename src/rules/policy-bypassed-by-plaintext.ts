import { attaches } from '../model/attachment.ts'
import { actionOf, authorize, isEnforced } from '../model/authorization.ts'
import { type AuthorizationPolicy, hasIdentity } from '../model/authorization-rule.ts'
import { callsTo } from '../model/calls.ts'
import { serviceHost } from '../model/host.ts'
import { QUEUE_PORT, STANDARD_PORT } from '../model/inference-service.ts'
import { meshOf } from '../model/mesh.ts'
import { forPort, peerMtls } from '../model/peer-authentication.ts'
import { nameOf } from '../model/resource.ts'
import type { View } from '../model/snapshot.ts'
import type { PathKinds } from '../model/way.ts'
import { MODEL_KINDS, type ModelPod, modelPods, modelsOf } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { strictNamespace } from './lib/strict-namespace.ts'

export default defineCheck({
  id: 'policy-bypassed-by-plaintext',
  severity: 'opens',
  mode: 'warn',
  summary: 'A policy keeps callers out by who they are; over plaintext they are nobody',
  on: ['AuthorizationPolicy'],
  reads: [...MODEL_KINDS, 'PeerAuthentication', 'RequestAuthentication'],
  *check(policy, view) {
    const rule = policy.spec.rules.findIndex(one => one !== null && isBypassable(policy, one))
    if (rule < 0 || !isEnforced(policy)) return
    const { namespace } = policy
    const isRoot = namespace === meshOf(view).rootNamespace
    const open = modelPods(view, isRoot ? undefined : namespace).filter(one => isOpen(view, policy, one))
    const [first] = modelsOf(open)
    if (first === undefined) return
    yield {
      field: `spec.rules[${rule}]`,
      message: `Whoever sends plaintext passes ${nameOf(policy)}: ${first} takes it, and sees no identity`,
      fix: {
        text: 'Make the models STRICT, and give sidecars to those that have none',
        apply: isRoot || open.some(({ pod }) => pod.proxy === 'none') ? [] : [strictNamespace(view, namespace)]
      },
      opens: 'policy-not-enforced',
      models: modelsOf(open)
    }
  }
})

type Rule = NonNullable<AuthorizationPolicy['spec']['rules'][number]>

const IDENTITIES = ['source.principal', 'source.namespace', 'source.serviceAccount', 'source.trustDomain']

/** Does a rule that keeps out let nobody in? DENY by identity misses who has none; ALLOW of all but some admits them. */
function isBypassable(policy: AuthorizationPolicy, { from, when }: Rule): boolean {
  const conditions = when.filter(({ key }) => IDENTITIES.includes(key))
  const sources = from.flatMap(({ source }) => source ?? [])
  const isNamed = conditions.some(({ values }) => values.length > 0)
  if (actionOf(policy) === 'DENY') return isNamed || sources.some(hasIdentity)
  return (
    actionOf(policy) === 'ALLOW' &&
    !isNamed &&
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

/** Does the policy count for a pod that takes plaintext, and nothing else keep that out? */
function isOpen(view: View<PathKinds>, policy: AuthorizationPolicy, { service, component, pod }: ModelPod): boolean {
  if (!attaches(policy, pod)) return false
  const port = component.mode === 'Knative' ? QUEUE_PORT : STANDARD_PORT
  if (pod.proxy === 'none') return true
  if (forPort(peerMtls(view, pod), port).mode === 'STRICT') return false
  const [call] = callsTo(view, service, serviceHost(service.namespace, component.service, view.settings.clusterDomain))
  const to = { address: pod.address, port }
  const request = { ...call, identity: undefined, from: undefined, to, sni: undefined, http: true }
  return authorize(view, pod, request).is === 'allowed'
}
