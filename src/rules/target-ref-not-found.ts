import { bindingOf, unboundText, type WaypointKinds } from '../gateway-api/waypoint.ts'
import { meshOf } from '../istio/mesh.ts'
import { type Attachable, GATEWAY_GROUP, GATEWAY_NAME, targetRefsOf, WAYPOINT_CLASS } from '../istio/policy-target.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { podsWith } from '../kubernetes/service.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { findModelOf } from './lib/model-host.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'target-ref-not-found',
  category: 'ineffective',
  mode: 'warn',
  summary: 'targetRefs of a policy bind nothing: no such gateway, Service or waypoint',
  symptom: 'requests that a policy with `targetRefs` denies get 200; its status shows `AncestorNotBound`',
  on: ['AuthorizationPolicy', 'RequestAuthentication'],
  reads: ['InferenceService', 'Pod', 'Service', 'Namespace', 'ConfigMap', 'KubernetesGateway', 'GatewayClass'],
  *check(policy, view) {
    const refs = targetRefsOf(policy.spec)
    if (refs.length === 0 || !concernsModels(view, policy.namespace)) return
    for (const [i, ref] of refs.entries()) {
      const reason = unboundReason(view, policy, ref)
      if (reason === undefined) continue
      yield {
        field: policy.spec.targetRefs.length === 0 ? 'spec.targetRef' : `spec.targetRefs[${i}]`,
        message: `${nameOf(policy)} binds no proxy by ${ref.kind} ${ref.name}: ${reason}`,
        fix: {
          text: 'Name a Gateway API Gateway of the namespace, or select the pods by their labels with spec.selector'
        }
      }
    }
  }
})

type TargetRef = Attachable['spec']['targetRefs'][number]

/** True if the namespace has models or a gateway on the path to models. */
function concernsModels(view: View<'InferenceService' | 'ConfigMap'>, namespace: string): boolean {
  const { istioNamespace, knativeNamespace } = view.settings
  const [ofGateway] = ingressOf(view).config.kserveIngressGateway.split('/')
  const system = [meshOf(view).rootNamespace, istioNamespace, knativeNamespace, ofGateway]
  return system.includes(namespace) || view.list('InferenceService', namespace).length > 0
}

/**
 * Reason why a reference binds no proxy; absent if it binds one, or if that is not known.
 * @see istio 1.31 pilot/pkg/model/policyattachment.go (ShouldAttachPolicy), pkg/config/validation/validation.go
 * (allowedTargetRefs)
 */
function unboundReason(
  view: View<'InferenceService' | 'ConfigMap' | WaypointKinds>,
  { namespace: own }: Attachable,
  { group = '', kind, name = '', namespace = '' }: TargetRef
): string | undefined {
  if (namespace !== '' && namespace !== own) return 'a policy binds only in its own namespace'
  if (group === GATEWAY_GROUP && kind === 'Gateway') {
    const pods = podsWith(view, own, { [GATEWAY_NAME]: name })
    const exists = pods.length > 0 || view.get('KubernetesGateway', own, name) !== undefined
    return exists ? undefined : `no pod in ${own} has the label ${GATEWAY_NAME}: ${name}`
  }
  if (group === GATEWAY_GROUP && kind === 'GatewayClass') {
    const isBound = name === WAYPOINT_CLASS && own === meshOf(view).rootNamespace
    return isBound ? undefined : `only class ${WAYPOINT_CLASS} binds, from the root namespace`
  }
  if ((group === '' || group === 'core') && kind === 'Service') return unboundService(view, own, name)
  return group === 'networking.istio.io' && kind === 'Gateway' ? 'use spec.selector' : undefined
}

function unboundService(
  view: View<'InferenceService' | WaypointKinds>,
  namespace: string,
  name: string
): string | undefined {
  const service = view.get('Service', namespace, name)
  if (service === undefined) return 'the Service does not exist'
  if (findModelOf(view, serviceHost(namespace, name, view.settings.clusterDomain)) === undefined) return undefined
  const binding = bindingOf(view, service, 'service')
  if (binding === undefined) return 'it has no waypoint, and other proxies ignore targetRefs'
  return binding.is === 'unbound' ? unboundText(binding) : undefined
}
