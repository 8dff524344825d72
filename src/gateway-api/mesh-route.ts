import { memoize } from '../state/memoize.ts'
import type { Ref, ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

type HttpRoute = ResourceOf<'HTTPRoute'>

/**
 * HTTPRoute of the namespace of a Service that has the Service as its parent: sidecars route requests to the Service by it.
 * @see istio 1.31 pilot/pkg/config/kube/gateway/conversion.go (buildMeshAndGatewayRoutes), Gateway API 1.5 GEP-1324
 */
export function findMeshRoute(
  view: View<'HTTPRoute'>,
  { namespace, name }: Pick<Ref, 'namespace' | 'name'>
): HttpRoute | undefined {
  return meshRoutes(view.list('HTTPRoute', namespace)).find(({ spec }) =>
    spec.parentRefs.some(parent => isService(parent) && parent.name === name && isIn(parent, namespace))
  )
}

type ParentRef = HttpRoute['spec']['parentRefs'][number]

const meshRoutes = memoize((routes: readonly HttpRoute[]) =>
  routes.filter(({ spec }) => spec.parentRefs.some(isService))
)

/** Services are of the core group, which must be written: the default is that of Gateways. */
const isService = ({ group, kind }: ParentRef) => group === '' && kind === 'Service'
const isIn = ({ namespace: own }: ParentRef, namespace: string) => own === undefined || own === namespace
