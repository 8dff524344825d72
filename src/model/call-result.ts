import { type Authorization, type AuthorizationKinds, authorize } from './authorization.ts'
import type { ClientSide, Destination } from './client.ts'
import { type Connection, connect, connectPlainly, type HopKinds } from './connection.ts'
import { hasRoute } from './gateway.ts'
import type { Cut, Passage, PolicyCut, Refused } from './hop.ts'
import { meshOf } from './mesh.ts'
import type { Call, Request } from './request.ts'
import { findStranger, issuersAt, readToken } from './request-authentication.ts'
import type { Endpoint } from './service.ts'
import type { View } from './snapshot.ts'
import { identityOf, type Workload } from './workload.ts'

/** What a request needs of a gateway beyond the connection: a route for its host. */
export interface RouteNeed {
  /** The Gateways (`namespace/name`) that the route is bound to. */
  readonly boundTo: readonly string[]
  readonly host: string
}

/** Who calls what, and where to. */
export interface Attempt {
  readonly client: Workload
  readonly call: Call
  readonly destination: Destination
  readonly endpoint: Endpoint
  readonly need?: RouteNeed | undefined
}

export type PassageKinds = HopKinds | AuthorizationKinds | 'RequestAuthentication'

/** What becomes of a call: the connection, then the server's policies, then (at a gateway) its routes. */
export function pass(view: View<PassageKinds>, attempt: Attempt): Passage {
  const { client, destination, endpoint } = attempt
  return judge(view, attempt, connect(view, client, destination, endpoint))
}

/** The same for a caller without a certificate of the mesh, who sends what is said. */
export function passPlainly(view: View<PassageKinds>, attempt: Attempt, sent: ClientSide): Passage {
  return judge(view, attempt, connectPlainly(view, sent, attempt.endpoint))
}

/** The same where a gateway listens without a Gateway of Istio's: for an Ingress, or by the Gateway API. */
export function passListener(view: View<PassageKinds>, attempt: Attempt, sent: ClientSide): Passage {
  const { workload, port } = attempt.endpoint
  return judge(view, attempt, {
    sent,
    server: { at: 'gateway', workload, port, listener: undefined },
    outcome: { is: 'open', identity: undefined, chain: undefined }
  })
}

const ALLOWED: Authorization = { is: 'allowed', by: [] }

function judge(view: View<PassageKinds>, attempt: Attempt, connection: Connection): Passage {
  const { client, destination, endpoint, need } = attempt
  const { sent, server, outcome } = connection
  const passage = (authorization: Authorization, cut: Cut | undefined): Passage => ({
    client,
    destination,
    connection,
    authorization,
    cut
  })
  if (outcome.is === 'cut') return passage(ALLOWED, { ...outcome.refusal, client, sent, destination, server })
  const request = toRequest(attempt, connection, outcome.identity)
  const authorization = server.at === 'application' ? ALLOWED : admit(view, endpoint.workload, request)
  if (authorization.is !== 'allowed') {
    return passage(authorization, toCut(view, client, endpoint.workload, request, authorization))
  }
  const { chain } = outcome
  const routed = need === undefined || chain === undefined || hasRoute(chain, need.boundTo, need.host)
  const cut: Cut | undefined = routed ? undefined : { cause: 'no-route', ...need, destination, at: chain }
  return passage(authorization, cut)
}

function toRequest(
  { client, call, endpoint: { workload, port } }: Attempt,
  { sent, server }: Connection,
  identity: string | undefined
): Request {
  return {
    ...call,
    identity,
    from: client.address,
    to: { address: workload.address, port },
    sni: sent.sni,
    http: server.at !== 'sidecar' || server.protocol !== 'tcp'
  }
}

/** First whoever reads tokens, then whoever looks at what they found. */
function admit(view: View<PassageKinds>, server: Workload, request: Request): Authorization {
  const issuers = issuersAt(view, server)
  const stranger = findStranger(issuers, request.token)
  if (stranger !== undefined) return { is: 'token-refused', by: stranger }
  return authorize(view, server, { ...request, token: readToken(issuers, request.token) })
}

function toCut(
  view: View<PassageKinds>,
  client: Workload,
  server: Workload,
  request: Request,
  verdict: Refused
): PolicyCut {
  return { cause: whyRefused(view, client, server, request, verdict), client, server, request, verdict }
}

/** What would have to be otherwise for the request to be let in? */
function whyRefused(
  view: View<PassageKinds>,
  client: Workload,
  server: Workload,
  request: Request,
  { is }: Refused
): PolicyCut['cause'] {
  if (is === 'provider-unknown') return is
  const admits = (other: Partial<Request>) => authorize(view, server, { ...request, ...other }).is === 'allowed'
  const identity = identityOf(client, meshOf(view).trustDomain)
  if (request.identity === undefined && client.namespace !== '' && admits({ identity })) return 'no-identity-for-policy'
  return admits({ token: { issuer: undefined } }) ? 'token-never-valid' : 'refused-by-policy'
}
