import { GATEWAY_GROUP } from '../istio/policy-target.ts'
import type { View } from '../state/snapshot.ts'
import type { Backend } from './route-match.ts'

/**
 * True if HTTPRoutes of a namespace may use the backend: it is in the same namespace, or a ReferenceGrant there allows it.
 * @see gateway-api 1.6 apis/v1/referencegrant_types.go
 */
export function isGranted(view: View<'ReferenceGrant'>, routeNamespace: string, { namespace, name }: Backend): boolean {
  if (namespace === routeNamespace) return true
  return view
    .list('ReferenceGrant', namespace)
    .some(
      ({ spec }) =>
        spec.from.some(
          one => one.group === GATEWAY_GROUP && one.kind === 'HTTPRoute' && one.namespace === routeNamespace
        ) && spec.to.some(one => one.group === '' && one.kind === 'Service' && (one.name ?? name) === name)
    )
}
