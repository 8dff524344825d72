import { oldestFirst } from '../../model/creation-order.ts'
import { meshOf } from '../../model/mesh.ts'
import { isNarrow, meshPolicy } from '../../model/peer-authentication.ts'
import type { View } from '../../model/snapshot.ts'
import type { Manifest } from './rule.ts'

/** The PeerAuthentication that makes a namespace STRICT: the effective one of the namespace, or a new one. */
export function strictNamespace(view: View<'PeerAuthentication' | 'ConfigMap'>, namespace: string): Manifest {
  const own = oldestFirst(view.list('PeerAuthentication', namespace)).find(({ spec }) => !isNarrow(spec.selector))
  const mesh = meshPolicy(view, meshOf(view).rootNamespace).by
  return {
    apiVersion: (own ?? mesh)?.apiVersion ?? 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: own?.name ?? 'default', namespace },
    spec: { mtls: { mode: 'STRICT' } }
  }
}
