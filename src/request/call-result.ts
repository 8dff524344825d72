import { HBONE_PORT, isAmbient } from '../istio/ambient.ts'
import type { Authorization, AuthorizationKinds } from '../istio/authorization.ts'
import type { ClientSide, Destination } from '../istio/client.ts'
import { type Connection, type ConnectionKinds, connectPlaintext } from '../istio/connection.ts'
import { open } from '../istio/connection-outcome.ts'
import type { Chain } from '../istio/gateway.ts'
import { INTERNAL_ADDRESS } from '../istio/ip-blocks.ts'
import type { Call, Request } from '../istio/request.ts'
import type { Routed } from '../istio/route.ts'
import type { ServerSide } from '../istio/server.ts'
import type { RouteKinds } from '../istio/sidecar-route.ts'
import { evaluateNetwork } from '../kubernetes/network-policy.ts'
import type { Endpoint } from '../kubernetes/service.ts'
import { memoize } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { ALLOWED, authorizeCaller, toPolicyDenied } from './authorize-call.ts'
import { type InputKinds, inputsOf } from './call-inputs.ts'
import { answersOf, toCaveat, uncertainRoute, undecidedBy } from './caveats.ts'
import type { Failure } from './failure.ts'
import type { CallResult, Caveat, Unevaluated } from './hop.ts'
import type { NoRouteReason } from './route-failure.ts'

/** Client, request, destination and endpoint of one call. */
export interface CallAttempt {
  readonly client: Workload
  readonly call: Call
  readonly destination: Destination
  readonly endpoint: Endpoint
  /** Routes of gateways; absent if the server is not expected to route requests. */
  readonly routeAt?: RouteAtGateway | undefined
  /** True for the kubelet: NetworkPolicies never deny connections from the node of a pod. */
  readonly fromNode?: true
}

/** Route of a gateway for a request, or why it has none. */
export type RouteAtGateway = (gateway: Workload, chain: Chain, call: Call) => Routed | NoRouteReason

export type CallKinds = ConnectionKinds | AuthorizationKinds | InputKinds | RouteKinds | 'Pod'

/** Evaluates a call of a client without an Istio workload certificate. */
export function evaluatePlaintextCall(view: View<CallKinds>, attempt: CallAttempt, sent: ClientSide): CallResult {
  return evaluateConnected(view, attempt, connectPlaintext(view, sent, attempt.endpoint))
}

/** Evaluates a call to a gateway listener without an Istio Gateway: for an Ingress or the Gateway API, by any proxy. */
export function evaluateNonIstioListener(view: View<CallKinds>, attempt: CallAttempt, sent: ClientSide): CallResult {
  const { workload, port } = attempt.endpoint
  return evaluateConnected(view, attempt, {
    sent,
    server:
      workload.proxy === 'gateway'
        ? { at: 'gateway', workload, port, listener: undefined }
        : { at: 'application', workload, port, servesTls: undefined },
    outcome: open(undefined)
  })
}

/**
 * Evaluates a call from a connection on: NetworkPolicies, the connection, then the server's policies, then (at a gateway) its routes.
 * @param unmodeled why the connection is not evaluated
 */
export function evaluateConnected(
  view: View<CallKinds>,
  attempt: CallAttempt,
  connection: Connection,
  unmodeled = findUnmodeled(view, attempt)
): CallResult {
  const { client, call, destination, endpoint } = attempt
  const { sent, server, outcome } = connection
  const routed = routeOf(attempt, connection)
  const toResult = (
    authorization: Authorization,
    failure?: Failure,
    unevaluated: readonly Caveat[] = [],
    unknown?: Unevaluated
  ): CallResult => ({ client, destination, connection, authorization, failure, unknown, unevaluated, routed })
  if (unmodeled !== undefined) return { ...toResult(ALLOWED, undefined, [], unmodeled), unmodeled: true }
  const dialed = dialedBy(connection, endpoint)
  const network = attempt.fromNode ? undefined : evaluateNetwork(view, client, dialed)
  if (network?.is === 'denied') {
    const { workload: server, port } = dialed
    return toResult(ALLOWED, { cause: 'network-policy-denied', client, server, port, by: network.by })
  }
  if (outcome.is === 'refused') return toResult(ALLOWED, { ...outcome.refusal, client, sent, destination, server })
  const sentRequest = toRequest(attempt, connection, outcome)
  const { request, authorization } = authorizeCaller(view, server, sentRequest)
  if (authorization.is !== 'allowed') {
    return toResult(authorization, toPolicyDenied(view, client, server, request, authorization))
  }
  if (outcome.is === 'unknown')
    return toResult(authorization, undefined, [], { reason: outcome.reason, inputs: inputsOfCall(view, attempt) })
  const { chain } = outcome
  const failure: Failure | undefined =
    routed?.is === 'none' && chain !== undefined
      ? { cause: 'no-route', host: call.host, boundTo: routed.boundTo, hidden: routed.hidden, destination, at: chain }
      : undefined
  const caveats = [
    ...(isEnvoy(server)
      ? [...answersOf(view, server.workload, request), ...undecidedBy(view, server.workload, request)]
      : []),
    ...(network?.is === 'unknown' ? network.by.map(toCaveat) : [])
  ]
  return toResult(authorization, failure, caveats, uncertainRoute(routed))
}

/** Route of the gateway whose chain accepts the connection. */
function routeOf({ call, endpoint, routeAt }: CallAttempt, { outcome }: Connection): CallResult['routed'] {
  if (routeAt === undefined || outcome.is === 'refused' || outcome.chain === undefined) return undefined
  return routeAt(endpoint.workload, outcome.chain, call)
}

/** ztunnel is before the listener of a gateway that it captures. */
function findUnmodeled(view: View<CallKinds>, attempt: CallAttempt): Unevaluated | undefined {
  const isCaptured = [attempt.client, attempt.endpoint.workload].some(
    one => one.proxy === 'gateway' && isAmbient(view, one)
  )
  return isCaptured
    ? { reason: 'a gateway in ambient mode is not modeled', inputs: inputsOfCall(view, attempt) }
    : undefined
}

/** HBONE has a port of its own. */
function dialedBy({ sent: { send }, server }: Connection, endpoint: Endpoint): Endpoint {
  const isHbone = server.at === 'waypoint' || send === 'hbone' || send === 'tls-in-hbone'
  return isHbone ? tunnelOf(endpoint.workload) : endpoint
}

const tunnelOf = memoize((workload: Workload): Endpoint => ({ workload, port: HBONE_PORT }))

/** Text of what would decide a call. */
export function inputsOfCall(view: View<CallKinds>, { client, destination, endpoint }: CallAttempt): string {
  return inputsOf(view, [client], { ...destination, endpoints: [endpoint] })
}

function toRequest(
  { client, call, endpoint: { workload, port } }: CallAttempt,
  { sent, server }: Connection,
  { identity, opaque }: Exclude<Connection['outcome'], { readonly is: 'refused' }>
): Request {
  return {
    ...call,
    identity,
    from: isInternal(sent, server) ? INTERNAL_ADDRESS : client.address,
    to: { address: workload.address, port },
    sni: sent.sni,
    http: 'protocol' in server ? server.protocol !== 'tcp' && !opaque : server.at !== 'ztunnel'
  }
}

/** True if the connection comes out of HBONE in Envoy. */
function isInternal({ send }: ClientSide, { at }: ServerSide): boolean {
  return at === 'waypoint' || (at === 'sidecar' && (send === 'hbone' || send === 'tls-in-hbone'))
}

const isEnvoy = ({ at }: ServerSide) => at !== 'application' && at !== 'ztunnel'
