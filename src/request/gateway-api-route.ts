import {
  isParent,
  type KubernetesGateway,
  type ParentRef,
  REFUSALS,
  type Refusal,
  refusalOf
} from '../gateway-api/listeners.ts'
import { isOfIstio, proxiesOf, runningProxies } from '../gateway-api/proxies.ts'
import { EXPRESSIONS_LAST, PREFIXES_LAST } from '../gateway-api/route-match.ts'
import { GATEWAY_GROUP } from '../istio/policy-target.ts'
import type { Call } from '../istio/request.ts'
import { nameOf, type ResourceOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { coversHost } from '../text/host.ts'
import { specDigest } from './call-inputs.ts'
import type { PathKinds } from './caller.ts'
import { missingCaveat } from './caveats.ts'
import type { RouteNotAccepted } from './route-failure.ts'
import { type ExternalRoute, type Routing, selectRouting } from './route-selection.ts'
import { noEndpoints } from './service-resolution.ts'

type HttpRoute = ResourceOf<'HTTPRoute'>

/** Request for a host, the HTTPRoute of its model, and all HTTPRoutes for the host. */
export interface RoutedRequest {
  readonly own: HttpRoute
  readonly routes: readonly HttpRoute[]
  readonly call: Call
}

/** Routing by the Gateways that the HTTPRoute names; the best result, because clients use a Gateway that serves them. */
export function routeByGateway(view: View<PathKinds>, request: RoutedRequest): ExternalRoute {
  const { own } = request
  const results = own.spec.parentRefs
    .filter(({ kind = 'Gateway', group = GATEWAY_GROUP }) => kind === 'Gateway' && group === GATEWAY_GROUP)
    .map(parent => routeAt(view, request, parent))
  return (
    best(results) ?? { ...NOWHERE, routing: { is: 'unknown', reason: `${nameOf(own)} names no Gateway`, inputs: '' } }
  )
}

const NOWHERE = { pods: [], port: 80, unevaluated: [] } as const
const PREFERENCE: readonly Routing['is'][] = ['routed', 'unknown', 'failed']

function best(results: readonly ExternalRoute[]): ExternalRoute | undefined {
  return PREFERENCE.flatMap(one => results.filter(({ routing }) => routing.is === one))[0]
}

function routeAt(view: View<PathKinds>, request: RoutedRequest, parent: ParentRef): ExternalRoute {
  const { own, call } = request
  const { namespace = own.namespace, name } = parent
  const gateway = view.get('KubernetesGateway', namespace, name)
  if (gateway === undefined) return routeWithoutGateway(view, request, namespace, name)
  const proxies = proxiesOf(view, gateway)
  if ('unknownReason' in proxies)
    return { ...NOWHERE, routing: { is: 'unknown', reason: proxies.unknownReason, inputs: inputsOf(view, gateway) } }
  const { pods } = proxies
  const pathTypes = isOfIstio(view, gateway) === false ? PREFIXES_LAST : EXPRESSIONS_LAST
  const refusals = gateway.spec.listeners.map(one => listenerRefusal(view, gateway, one, own, parent, call))
  const results = gateway.spec.listeners
    .filter((_, i) => refusals[i] === undefined)
    .map((listener): ExternalRoute => {
      const isAttached = (route: HttpRoute) =>
        route.spec.parentRefs.some(
          one => isParent(gateway, route, one) && refusalOf(view, gateway, listener, route, one) === undefined
        )
      const routing = selectRouting(request.routes.filter(isAttached), call, own, pathTypes)
      return { pods, port: listener.port, routing, unevaluated: classCaveat(view, gateway) }
    })
  return (
    best(results) ?? {
      ...NOWHERE,
      pods,
      routing: { is: 'failed', failure: notAccepted(request, gateway, refusals) }
    }
  )
}

type Listener = KubernetesGateway['spec']['listeners'][number]

/** Why a listener does not serve the host by the HTTPRoute; absent if it does. */
function listenerRefusal(
  view: View<PathKinds>,
  gateway: KubernetesGateway,
  listener: Listener,
  own: HttpRoute,
  parent: ParentRef,
  { host }: Call
) {
  const refusal = refusalOf(view, gateway, listener, own, parent)
  return refusal ?? (coversHost(listener.hostname ?? '*', host) ? undefined : 'hostname')
}

/** The refusal of the listener that is nearest to accepting the route. */
function notAccepted(
  { own, call }: RoutedRequest,
  gateway: KubernetesGateway,
  refusals: readonly (Refusal | undefined)[]
): RouteNotAccepted {
  const refusal = REFUSALS.findLast(one => refusals.includes(one)) ?? 'section'
  const listener = refusals.indexOf(refusal)
  return {
    cause: 'route-not-accepted',
    route: toRef(own),
    gateway,
    refusal,
    listener: listener < 0 ? undefined : listener,
    host: call.host
  }
}

/**
 * A Gateway that is not there serves nothing, if the state has Gateways at all. Otherwise it may be incomplete: the proxies
 * that it has decide.
 */
function routeWithoutGateway(
  view: View<PathKinds>,
  { own, call }: RoutedRequest,
  namespace: string,
  name: string
): ExternalRoute {
  const apiVersion = `${GATEWAY_GROUP}/v1`
  if (view.list('GatewayClass').length > 0)
    return {
      ...NOWHERE,
      routing: { is: 'failed', failure: noEndpoints({ apiVersion, kind: 'Gateway', namespace, name }) }
    }
  const pods = runningProxies(view, namespace, name)
  const unevaluated = [missingCaveat(`Gateway ${namespace}/${name}`)]
  if (pods.length === 0 || pods.some(({ proxy }) => proxy === 'sidecar')) {
    const reason = `Gateway API Gateway ${namespace}/${name} has no Istio gateway pods; other proxies are not modeled`
    return { ...NOWHERE, routing: { is: 'unknown', reason, inputs: '' }, unevaluated }
  }
  return { ...NOWHERE, pods, routing: selectRouting([own], call, own), unevaluated }
}

/** Text of everything that decides what unknown proxies do. */
function inputsOf(view: View<PathKinds>, gateway: KubernetesGateway): string {
  const found = view.get('GatewayClass', '', gateway.spec.gatewayClassName)
  return JSON.stringify([specDigest(gateway), found && specDigest(found)])
}

function classCaveat(view: View<PathKinds>, { spec }: KubernetesGateway) {
  const name = spec.gatewayClassName
  return view.get('GatewayClass', '', name) === undefined ? [missingCaveat(`GatewayClass ${name}`)] : []
}
