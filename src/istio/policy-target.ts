import type { ResourceOf } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'
import { hasLabels } from '../text/selector.ts'

/** Label with the name of the Gateway API Gateway that a pod serves; set by Istio. */
export const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
export const GATEWAY_GROUP = 'gateway.networking.k8s.io'

export type Attachable = ResourceOf<'AuthorizationPolicy'> | ResourceOf<'RequestAuthentication'>

/** Namespaces whose policies can apply to a workload. */
export function policyNamespaces(
  { namespace, serves }: Pick<Workload, 'namespace' | 'serves'>,
  rootNamespace: string
): readonly string[] {
  return [...new Set([rootNamespace, namespace, ...(serves === undefined ? [] : [serves.namespace])])]
}

/**
 * True if a policy of one of these namespaces applies to a workload. A policy with `targetRefs` applies only to Gateway API
 * gateways and waypoints, and to waypoints no other.
 * @param rootNamespace decides only for waypoints
 * @see istio 1.31 pilot/pkg/model/policyattachment.go (ShouldAttachPolicy)
 */
export function attaches({ namespace, spec }: Attachable, workload: Workload, rootNamespace?: string): boolean {
  const { proxy, serves, labels } = workload
  const targets = targetRefsOf(spec)
  if (targets.length === 0) return proxy !== 'waypoint' && hasLabels(labels, spec.selector?.matchLabels ?? {})
  const gateway = labels[GATEWAY_NAME]
  return targets.some(({ group = '', kind, name }) => {
    if (group !== GATEWAY_GROUP)
      return group === '' && kind === 'Service' && serves?.namespace === namespace && serves.name === name
    if (kind === 'GatewayClass') return proxy === 'waypoint' && namespace === rootNamespace && name === WAYPOINT_CLASS
    return kind === 'Gateway' && namespace === workload.namespace && name === gateway
  })
}

/** GatewayClass of Istio's waypoints. */
export const WAYPOINT_CLASS = 'istio-waypoint'

/** References of a policy; of both spellings, Istio reads the list. */
export function targetRefsOf({ targetRef, targetRefs }: Attachable['spec']): Attachable['spec']['targetRefs'] {
  return targetRefs.length === 0 && targetRef !== undefined ? [targetRef] : targetRefs
}
