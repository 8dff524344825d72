import { GATEWAY_GROUP } from '../istio/policy-target.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { coversHost, isWildcard } from '../text/host.ts'
import { selects } from '../text/selector.ts'

export type KubernetesGateway = ResourceOf<'KubernetesGateway'>
export type HttpRoute = ResourceOf<'HTTPRoute'>
export type Listener = KubernetesGateway['spec']['listeners'][number]
export type ParentRef = HttpRoute['spec']['parentRefs'][number]

/** Why a listener does not accept a route, in the order in which it is found. */
export const REFUSALS = ['section', 'protocol', 'kind', 'namespace', 'hostname'] as const
export type Refusal = (typeof REFUSALS)[number]

/** Label that the API server sets on every namespace. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name'

/** True if the parent of a route is this Gateway. */
export function isParent({ namespace, name }: KubernetesGateway, route: HttpRoute, parent: ParentRef): boolean {
  const { group = GATEWAY_GROUP, kind = 'Gateway', namespace: of = route.namespace } = parent
  return group === GATEWAY_GROUP && kind === 'Gateway' && of === namespace && parent.name === name
}

/**
 * Why a listener of a Gateway does not accept a route that names the Gateway; absent if it accepts it.
 * @see gateway-api 1.6 apis/v1/gateway_types.go (AllowedRoutes, Listener), apis/v1/shared_types.go (ParentReference)
 */
export function refusalOf(
  view: View<'Namespace'>,
  gateway: KubernetesGateway,
  listener: Listener,
  route: HttpRoute,
  { sectionName = listener.name, port = listener.port }: ParentRef
): Refusal | undefined {
  const { allowedRoutes, protocol, hostname = '*' } = listener
  const { hostnames } = route.spec
  if (sectionName !== listener.name || port !== listener.port) return 'section'
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') return 'protocol'
  const kinds = allowedRoutes?.kinds ?? []
  if (kinds.length > 0 && !kinds.some(({ kind }) => kind === 'HTTPRoute')) return 'kind'
  if (!admitsNamespace(view, gateway, listener, route.namespace)) return 'namespace'
  return hostnames.length === 0 || hostnames.some(one => intersects(hostname, one)) ? undefined : 'hostname'
}

/** True if objects of the namespace may attach to a listener. */
export function admitsNamespace(
  view: View<'Namespace'>,
  gateway: KubernetesGateway,
  { allowedRoutes }: Listener,
  namespace: string
): boolean {
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {}
  if (from === 'All') return true
  if (from !== 'Selector') return from === 'Same' && namespace === gateway.namespace
  const labels = { [NAMESPACE_NAME]: namespace, ...view.get('Namespace', '', namespace)?.labels }
  return selector !== undefined && selects(selector, labels)
}

/** True if a DNS name matches both hosts. */
function intersects(one: string, other: string): boolean {
  return isWildcard(one)
    ? coversHost(one, other) || (isWildcard(other) && coversHost(other, one))
    : coversHost(other, one)
}
