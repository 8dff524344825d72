import type { Destination } from '../istio/client.ts'
import { type ScopeKinds, scopeOf } from '../istio/sidecar.ts'
import { memoize } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'

/** The pod as a client of a Service. If its Sidecar does not import it, the proxy passes the application's request on. */
export function clientOf(
  view: View<ScopeKinds>,
  pod: Workload,
  { host, namespace, port }: Pick<Destination, 'host' | 'namespace' | 'port'>
): Workload {
  return pod.proxy === 'none' || scopeOf(view, pod).imports({ host, namespace, ports: [port] }) ? pod : asNonMesh(pod)
}

/** A sidecar forwards traffic to unknown destinations unchanged; ztunnel does not. */
export const asNonMesh = memoize(
  (workload: Workload): Workload =>
    workload.proxy === 'none' ? workload : { ...workload, proxy: 'none', captured: false }
)
