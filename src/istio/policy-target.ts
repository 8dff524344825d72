import type { ResourceOf } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'
import { hasLabels } from '../text/selector.ts'

/** Label with the name of the Gateway API Gateway that a pod serves; set by Istio. */
export const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
export const GATEWAY_GROUP = 'gateway.networking.k8s.io'

export type Attachable = ResourceOf<'AuthorizationPolicy'> | ResourceOf<'RequestAuthentication'>

/**
 * True if a policy of the workload's own or the root namespace applies to it. A policy with `targetRefs` applies only to
 * Gateway API gateways.
 * @see istio 1.31 pilot/pkg/model/policyattachment.go (ShouldAttachPolicy)
 */
export function attaches({ namespace, spec }: Attachable, workload: Workload): boolean {
  const targets = targetRefsOf(spec)
  if (targets.length === 0) return hasLabels(workload.labels, spec.selector?.matchLabels ?? {})
  const gateway = workload.labels[GATEWAY_NAME]
  return (
    gateway !== undefined &&
    namespace === workload.namespace &&
    targets.some(({ group, kind, name }) => group === GATEWAY_GROUP && kind === 'Gateway' && name === gateway)
  )
}

/** References of a policy; of both spellings, Istio reads the list. */
export function targetRefsOf({ targetRef, targetRefs }: Attachable['spec']): Attachable['spec']['targetRefs'] {
  return targetRefs.length === 0 && targetRef !== undefined ? [targetRef] : targetRefs
}
