import type { View } from '../state/snapshot.ts'
import { DATAPLANE_MODE, type Workload } from '../state/workload.ts'

/**
 * True if ztunnel captures the traffic of the pod (ambient mode). A sidecar takes precedence.
 * @see istio 1.31 cni/pkg/util/enablement_selector.go
 */
export function isAmbient(view: View<'Namespace'>, { namespace, proxy, captured }: Workload): boolean {
  return proxy !== 'sidecar' && (captured ?? isAmbientNamespace(view, namespace))
}

/** True if pods of the namespace are in ambient mode, unless they have a sidecar or opt out. */
export function isAmbientNamespace(view: View<'Namespace'>, namespace: string): boolean {
  return view.get('Namespace', '', namespace)?.labels[DATAPLANE_MODE] === 'ambient'
}
