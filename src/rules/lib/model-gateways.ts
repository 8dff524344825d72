import { knativeGateways } from '../../knative/knative.ts'
import { ingressOf } from '../../kserve/kserve.ts'
import type { View } from '../../state/snapshot.ts'

/** The Gateways (`namespace/name`) that KServe and Knative attach routes to. */
export function gatewaysOfModels(view: View<'ConfigMap'>): readonly string[] {
  const { ingressGateway, localGateway } = ingressOf(view).config
  const { external, local } = knativeGateways(view)
  return [ingressGateway, localGateway, ...[...external, ...local].map(one => one.gateway)]
}
