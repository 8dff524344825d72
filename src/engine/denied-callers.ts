import type { FailedHop, HopName } from '../request/hop.ts'

/** The model cannot serve if one of these hops is denied, so a denial is never partial. */
const KNATIVE_PROBE_PATHS: readonly HopName[] = [
  'activator->pod',
  'autoscaler->pod',
  'kubelet->pod',
  'apiserver->webhook'
]

/** True if a policy denies the callers of this hop, and the model serves others. */
export function deniesCallers(hop: FailedHop): boolean {
  const { name, failure } = hop
  if (failure.cause === 'network-policy-denied') return isolatesFromCallers(hop)
  if (!('verdict' in failure) || failure.cause === 'provider-unknown') return false
  // What denies a waypoint denies all its callers.
  return failure.client.proxy !== 'waypoint' && !KNATIVE_PROBE_PATHS.includes(name)
}

/**
 * True if a NetworkPolicy denies callers that no object shows to exist: that may be its purpose. External callers of a gateway
 * are not among them, because a policy cannot select them.
 */
export function isolatesFromCallers({ name, failure }: FailedHop): boolean {
  if (failure.cause !== 'network-policy-denied') return false
  return failure.client.unknownLabels === 'chosen' && name !== 'caller->ingress-gateway'
}
