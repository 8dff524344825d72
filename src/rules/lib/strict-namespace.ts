import { meshOf } from '../../istio/mesh.ts'
import { hasWorkloadSelector, meshPolicy } from '../../istio/peer-authentication.ts'
import { sortByCreationTime } from '../../state/creation-order.ts'
import type { View } from '../../state/snapshot.ts'
import type { Manifest } from './rule.ts'

/** The PeerAuthentication that makes a namespace STRICT: the effective one of the namespace, or a new one. */
export function strictNamespace(view: View<'PeerAuthentication' | 'ConfigMap'>, namespace: string): Manifest {
  const own = sortByCreationTime(view.list('PeerAuthentication', namespace)).find(
    ({ spec }) => !hasWorkloadSelector(spec.selector)
  )
  const mesh = meshPolicy(view, meshOf(view).rootNamespace).by
  return {
    apiVersion: (own ?? mesh)?.apiVersion ?? 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: own?.name ?? 'default', namespace },
    spec: { mtls: { mode: 'STRICT' } }
  }
}
