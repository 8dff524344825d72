import type { Workload } from '../state/workload.ts'

/** Label of namespaces and pods: `ambient` captures pods without a sidecar, `none` on a pod exempts it. */
export const DATAPLANE_MODE = 'istio.io/dataplane-mode'

const TUNNEL = 'networking.istio.io/tunnel'

/**
 * True if the sidecar of a running pod accepts HBONE. The injector labels its pods only in a mesh with ambient mode.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/workloads.go (setTunnelProtocol)
 */
export function acceptsHbone({ labels }: Workload): boolean {
  return labels[TUNNEL]?.split(',').includes('http') === true
}
