import { meshOf } from '../istio/mesh.ts'
import { dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { PathKinds } from './caller.ts'

/** Gateway pods of all namespaces that serve the Ingress class of Istio. */
export function istioIngressPods(view: View<PathKinds>): readonly Workload[] {
  const { ingressGateway } = meshOf(view)
  return dedupePods(view.gateways().filter(({ labels }) => labels['istio'] === ingressGateway))
}
