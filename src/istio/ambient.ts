import type { View } from '../state/snapshot.ts'
import { DATAPLANE_MODE, TLS_MODE_LABEL, type Workload } from '../state/workload.ts'

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

/** Port on which ztunnel, waypoints and sidecars accept HBONE. */
export const HBONE_PORT = 15008

/** Label of pods whose proxy accepts HBONE. */
export const TUNNEL = 'networking.istio.io/tunnel'

/**
 * True if the sidecar of a running pod accepts HBONE. The injector labels its pods only in a mesh with ambient mode.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/workloads.go (setTunnelProtocol)
 */
export function acceptsHbone({ labels }: Pick<Workload, 'labels'>): boolean {
  return labels[TUNNEL]?.split(',').includes('http') === true
}

/** True if ztunnel sends HBONE to the pod. */
export function takesHbone(view: View<'Namespace'>, workload: Workload): boolean {
  return isAmbient(view, workload) || acceptsHbone(workload)
}

/**
 * True if sidecars and gateways send HBONE to the pod. They prefer Istio mTLS to a sidecar.
 * @see istio 1.31 pilot/pkg/xds/endpoints/endpoint_builder.go (buildEnvoyLbEndpoint)
 */
export function takesHboneOfEnvoy(view: View<'Namespace'>, workload: Workload): boolean {
  return takesHbone(view, workload) && workload.labels[TLS_MODE_LABEL] !== 'istio'
}

/**
 * True if a waypoint serves a Service, or passes a request on to the address of a pod; other Services it calls as gateways do.
 * @see istio 1.31 pilot/pkg/networking/core/listener_waypoint.go (getWaypointDestinationCluster)
 */
export function isServedBy(
  { serves }: Workload,
  { host, namespace }: { readonly host: string; readonly namespace: string }
): boolean {
  return serves === undefined || (serves.namespace === namespace && host.startsWith(`${serves.name}.`))
}
