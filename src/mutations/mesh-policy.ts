import { isAmbient } from '../istio/ambient.ts'
import { needsIdentity, policiesFor } from '../istio/authorization.ts'
import { INJECT, injection } from '../istio/injection.ts'
import { peerMtls } from '../istio/peer-authentication.ts'
import { type Component, componentsOf, type InferenceService, injectionSubject } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import type { PathKinds } from '../request/caller.ts'
import type { View } from '../state/snapshot.ts'

/** Namespace label: `mesh` requests injection regardless of policies, `none` disables mutation. */
export const POLICY_LABEL = 'mesh-guard.io/policy'
/** InferenceService annotation: `"false"` disables mutation. */
export const MUTATE_ANNOTATION = 'mesh-guard.io/mutate'

/**
 * True if the pods of this InferenceService must be in the mesh: they would be STRICT, a policy on them matches on
 * identity, or the namespace requests it. False if the user opted out, if no label could enable injection, or in ambient mode.
 */
export function requiresMesh(view: View<PathKinds>, service: InferenceService): boolean {
  const namespace = view.get('Namespace', '', service.namespace)
  const policy = namespace?.labels[POLICY_LABEL]
  if (policy === 'none' || service.annotations[MUTATE_ANNOTATION] === 'false') return false
  const components = componentsOf(view, service)
  if (components.some(({ labels, annotations }) => hasOptedOut(labels[INJECT] ?? annotations[INJECT]))) return false
  if (!components.every(component => canBeInjected(view, service, component))) return false
  return components.some(component => {
    const pod = desiredPod(view, service, component)
    // Pods in ambient mode are in the mesh.
    if (isAmbient(view, pod)) return false
    if (policy === 'mesh') return true
    return peerMtls(view, pod).workload.mode === 'STRICT' || policiesFor(view, pod).some(needsIdentity)
  })
}

const hasOptedOut = (value: string | undefined) => value !== undefined && value !== 'true'

function canBeInjected(view: View<PathKinds>, service: InferenceService, component: Component): boolean {
  const subject = injectionSubject(service, component)
  return injection(view, { ...subject, labels: { ...subject.labels, [INJECT]: 'true' } }).injected
}
