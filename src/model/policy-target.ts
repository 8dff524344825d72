import type { ResourceOf } from './resource.ts'
import { hasLabels } from './selector.ts'
import type { Workload } from './workload.ts'

/** Names the Gateway of Kubernetes' Gateway API that a pod serves; Istio sets it. */
export const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'
const GATEWAY_GROUP = 'gateway.networking.k8s.io'

type Attachable = ResourceOf<'AuthorizationPolicy'> | ResourceOf<'RequestAuthentication'>

/**
 * Does a policy of the workload's own or of the root namespace count for it? One with target references counts for
 * gateways of the Gateway API alone; on other pods it does nothing at all.
 * @see istio pilot/pkg/model/policyattachment.go (ShouldAttachPolicy)
 */
export function attaches({ namespace, spec }: Attachable, workload: Workload): boolean {
  const { selector, targetRef, targetRefs } = spec
  const targets = targetRefs.length === 0 && targetRef !== undefined ? [targetRef] : targetRefs
  if (targets.length === 0) return hasLabels(workload.labels, selector?.matchLabels ?? {})
  const gateway = workload.labels[GATEWAY_NAME]
  return (
    gateway !== undefined &&
    namespace === workload.namespace &&
    targets.some(({ group, kind, name }) => group === GATEWAY_GROUP && kind === 'Gateway' && name === gateway)
  )
}
