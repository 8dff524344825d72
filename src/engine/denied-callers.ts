import type { FailedHop, HopName } from '../request/hop.ts'

/** The model cannot serve if one of these hops is denied, so a denial is never partial. */
const KNATIVE_PROBE_PATHS: readonly HopName[] = [
  'activator->pod',
  'autoscaler->pod',
  'kubelet->pod',
  'apiserver->webhook'
]

/** True if a policy denies the callers of this hop, and the model serves others. */
export function deniesCallers({ name, failure }: FailedHop): boolean {
  return 'verdict' in failure && failure.cause !== 'provider-unknown' && !KNATIVE_PROBE_PATHS.includes(name)
}
