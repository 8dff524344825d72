import { isAmbient } from '../istio/ambient.ts'
import { type Authorization, type AuthorizationKinds, authorize } from '../istio/authorization.ts'
import { callerAddresses } from '../istio/caller-addresses.ts'
import type { ClientSide, Destination } from '../istio/client.ts'
import { type Connection, type ConnectionKinds, connect, connectPlaintext } from '../istio/connection.ts'
import { open } from '../istio/connection-outcome.ts'
import type { Chain } from '../istio/gateway.ts'
import { ANY_ADDRESS } from '../istio/ip-blocks.ts'
import { meshOf } from '../istio/mesh.ts'
import type { Call, Request } from '../istio/request.ts'
import { issuersFor, unknownIssuer, validateToken } from '../istio/request-authentication.ts'
import type { Routed } from '../istio/route.ts'
import type { RouteKinds } from '../istio/sidecar-route.ts'
import { evaluateNetwork } from '../kubernetes/network-policy.ts'
import type { Endpoint } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import { type InputKinds, inputsOf } from './call-inputs.ts'
import { answersOf, toCaveat, uncertainRoute, undecidedBy } from './caveats.ts'
import type { Denied, Failure, PolicyDenied } from './failure.ts'
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

/** Evaluates a call: NetworkPolicies, the connection, then the server's policies, then (at a gateway) its routes. */
export function evaluateCall(view: View<CallKinds>, attempt: CallAttempt): CallResult {
  const { client, destination, endpoint } = attempt
  return evaluateConnected(view, attempt, connect(view, client, destination, endpoint))
}

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

const ALLOWED: Authorization = { is: 'allowed', by: [] }

function evaluateConnected(view: View<CallKinds>, attempt: CallAttempt, connection: Connection): CallResult {
  const { client, call, destination, endpoint } = attempt
  const { sent, server, outcome } = connection
  const ambient = findAmbient(view, attempt)
  const routed = routeOf(attempt, connection)
  const toResult = (
    authorization: Authorization,
    failure?: Failure,
    unevaluated: readonly Caveat[] = [],
    unknown: Unevaluated | undefined = ambient
  ): CallResult => ({ client, destination, connection, authorization, failure, unknown, unevaluated, routed })
  if (ambient !== undefined) return toResult(ALLOWED)
  const network = attempt.fromNode ? undefined : evaluateNetwork(view, client, endpoint)
  if (network?.is === 'denied') {
    const { workload: server, port } = endpoint
    return toResult(ALLOWED, { cause: 'network-policy-denied', client, server, port, by: network.by })
  }
  if (outcome.is === 'unknown')
    return toResult(ALLOWED, undefined, [], { reason: outcome.reason, inputs: inputsOfCall(view, attempt) })
  if (outcome.is === 'refused') return toResult(ALLOWED, { ...outcome.refusal, client, sent, destination, server })
  const sentRequest = toRequest(attempt, connection, outcome)
  const { request, authorization } =
    server.at === 'application'
      ? { request: sentRequest, authorization: ALLOWED }
      : authorizeCaller(view, endpoint.workload, sentRequest)
  if (authorization.is !== 'allowed') {
    return toResult(authorization, toPolicyDenied(view, client, endpoint.workload, request, authorization))
  }
  const { chain } = outcome
  const failure: Failure | undefined =
    routed?.is === 'none' && chain !== undefined
      ? { cause: 'no-route', host: call.host, boundTo: routed.boundTo, hidden: routed.hidden, destination, at: chain }
      : undefined
  const caveats = [
    ...(server.at === 'application' ? [] : answersOf(view, endpoint.workload, request)),
    ...(server.at === 'application' ? [] : undecidedBy(view, endpoint.workload, request)),
    ...(network?.is === 'unknown' ? network.by.map(toCaveat) : [])
  ]
  return toResult(authorization, failure, caveats, uncertainRoute(routed))
}

/** Route of the gateway whose chain accepts the connection. */
function routeOf({ call, endpoint, routeAt }: CallAttempt, { outcome }: Connection): CallResult['routed'] {
  if (routeAt === undefined || outcome.is === 'refused' || outcome.chain === undefined) return undefined
  return routeAt(endpoint.workload, outcome.chain, call)
}

export const AMBIENT = 'ztunnel (ambient mode) is not modeled'

/** ztunnel replaces both ends of a connection: neither the client's TLS nor the server's policies apply as with sidecars. */
function findAmbient(view: View<CallKinds>, attempt: CallAttempt): Unevaluated | undefined {
  if (!isAmbient(view, attempt.endpoint.workload) && !isAmbient(view, attempt.client)) return undefined
  return { reason: AMBIENT, inputs: inputsOfCall(view, attempt) }
}

function inputsOfCall(view: View<CallKinds>, { client, destination, endpoint }: CallAttempt): string {
  return inputsOf(view, [client], { ...destination, endpoints: [endpoint] })
}

function toRequest(
  { client, call, endpoint: { workload, port } }: CallAttempt,
  { sent, server }: Connection,
  { identity, opaque }: Extract<Connection['outcome'], { readonly is: 'open' }>
): Request {
  return {
    ...call,
    identity,
    from: client.address,
    to: { address: workload.address, port },
    sni: sent.sni,
    http: server.at !== 'sidecar' || (server.protocol !== 'tcp' && !opaque)
  }
}

interface AuthorizedRequest {
  readonly request: Request
  readonly authorization: Authorization
}

/** Authorizes a request from any address as one from an address that the policies allow, if there is one. */
function authorizeCaller(view: View<CallKinds>, server: Workload, request: Request): AuthorizedRequest {
  const authorizeFrom = (from: string | undefined): AuthorizedRequest => {
    const own = from === request.from ? request : { ...request, from }
    return { request: own, authorization: authorizeRequest(view, server, own) }
  }
  if (request.from !== ANY_ADDRESS) return authorizeFrom(request.from)
  const [first, ...others] = callerAddresses(view, server)
  let result = authorizeFrom(first)
  for (const from of others) {
    if (result.authorization.is === 'allowed') break
    const other = authorizeFrom(from)
    if (other.authorization.is === 'allowed') result = other
  }
  return result
}

/** RequestAuthentications validate the JWT before AuthorizationPolicies match on it. */
function authorizeRequest(view: View<CallKinds>, server: Workload, request: Request): Authorization {
  const issuers = issuersFor(view, server)
  const unknownBy = unknownIssuer(issuers, request.token)
  if (unknownBy !== undefined) return { is: 'token-refused', by: unknownBy }
  return authorize(view, server, { ...request, token: validateToken(issuers, request.token) })
}

function toPolicyDenied(
  view: View<CallKinds>,
  client: Workload,
  server: Workload,
  request: Request,
  verdict: Denied
): PolicyDenied {
  return { cause: denialCause(view, client, server, request, verdict), client, server, request, verdict }
}

/** Finds the property of the request that would have to differ for it to be allowed. */
function denialCause(
  view: View<CallKinds>,
  client: Workload,
  server: Workload,
  request: Request,
  { is }: Denied
): PolicyDenied['cause'] {
  if (is === 'provider-unknown') return is
  if (is === 'token-refused') return 'token-never-valid'
  const wouldAllow = (other: Partial<Request>) => authorize(view, server, { ...request, ...other }).is === 'allowed'
  const identity = identityOf(client, meshOf(view).trustDomain)
  if (request.identity === undefined && client.namespace !== '' && wouldAllow({ identity }))
    return 'no-identity-for-policy'
  return wouldAllow({ token: { issuer: undefined } }) ? 'token-never-valid' : 'refused-by-policy'
}
