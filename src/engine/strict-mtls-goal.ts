import { meshOf } from '../istio/mesh.ts'
import { hasWorkloadSelector } from '../istio/peer-authentication.ts'
import type { Manifest } from '../rules/lib/rule.ts'
import { sortByCreationTime } from '../state/creation-order.ts'
import type { View } from '../state/snapshot.ts'

/**
 * PeerAuthentication that requires mTLS: the oldest of the namespace without a selector, which is the one in effect, with the
 * mode STRICT, or else a new one.
 *
 * @param namespace absent for the whole mesh
 */
export function strictMtlsGoal(
  view: View<'PeerAuthentication' | 'ConfigMap'>,
  namespace: string | undefined
): Manifest {
  const own = namespace ?? meshOf(view).rootNamespace
  const [present] = sortByCreationTime(view.list('PeerAuthentication', own)).filter(
    ({ spec }) => !hasWorkloadSelector(spec.selector)
  )
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { namespace: own, name: present?.name ?? 'default' },
    spec: { mtls: { mode: 'STRICT' } }
  }
}
