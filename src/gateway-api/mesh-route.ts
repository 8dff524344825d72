import { byCreationTime, sortByCreationTime } from '../state/creation-order.ts'
import { memoize } from '../state/memoize.ts'
import type { Ref, ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

type HttpRoute = ResourceOf<'HTTPRoute'>
type ServiceName = Pick<Ref, 'namespace' | 'name'>

/**
 * HTTPRoute of the namespace of a Service that has the Service as its parent: sidecars route requests to the Service by it.
 * @see istio 1.31 pilot/pkg/config/kube/gateway/conversion.go (buildMeshAndGatewayRoutes), Gateway API 1.5 GEP-1324
 */
export function findMeshRoute(view: View<'HTTPRoute'>, service: ServiceName): HttpRoute | undefined {
  return routesFor(view, service.namespace, service).at(0)
}

/**
 * HTTPRoutes by which a proxy routes requests to a port of a Service, merged as in Istio: those of one namespace for all
 * ports, and for this one. Those of the namespace of the proxy come first, then older ones.
 * @see istio 1.31 pilot/pkg/config/kube/gateway/route_collections.go (HTTPRouteCollection, mergeHTTPRoutes),
 * pilot/pkg/model/virtualservice.go (SelectVirtualServices)
 */
export function meshRouteGroups(
  view: View<'HTTPRoute'>,
  proxyNamespace: string,
  service: ServiceName,
  port: number
): readonly (readonly [HttpRoute, ...HttpRoute[]])[] {
  return [...new Set([proxyNamespace, service.namespace])].flatMap(namespace =>
    [undefined, port]
      .map(one => routesFor(view, namespace, service, parent => parent.port === one))
      .filter(isFilled)
      .sort(([one], [other]) => byCreationTime(one, other))
  )
}

type ParentRef = HttpRoute['spec']['parentRefs'][number]

function routesFor(
  view: View<'HTTPRoute'>,
  namespace: string,
  service: ServiceName,
  isUsed: (parent: ParentRef) => boolean = () => true
): readonly HttpRoute[] {
  const isParent = (parent: ParentRef) =>
    isService(parent) && parent.name === service.name && (parent.namespace ?? namespace) === service.namespace
  return meshRoutes(view.list('HTTPRoute', namespace)).filter(({ spec }) =>
    spec.parentRefs.some(parent => isParent(parent) && isUsed(parent))
  )
}

const meshRoutes = memoize((routes: readonly HttpRoute[]) =>
  sortByCreationTime(routes.filter(({ spec }) => spec.parentRefs.some(isService)))
)

/** Services are of the core group, which must be written: the default is that of Gateways. */
const isService = ({ group, kind }: ParentRef) => group === '' && kind === 'Service'

const isFilled = (routes: readonly HttpRoute[]): routes is readonly [HttpRoute, ...HttpRoute[]] => routes.length > 0
