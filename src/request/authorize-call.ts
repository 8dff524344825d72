import { type Authorization, type AuthorizationKinds, authorize } from '../istio/authorization.ts'
import { callerAddresses } from '../istio/caller-addresses.ts'
import { ANY_ADDRESS } from '../istio/ip-blocks.ts'
import { meshOf } from '../istio/mesh.ts'
import type { Request } from '../istio/request.ts'
import { issuersFor, unknownIssuer, validateToken } from '../istio/request-authentication.ts'
import type { ServerSide } from '../istio/server.ts'
import { authorizeAtZtunnel } from '../istio/ztunnel-authorization.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import type { Denied, PolicyDenied } from './failure.ts'

type PolicyKinds = AuthorizationKinds | 'RequestAuthentication'

export const ALLOWED: Authorization = { is: 'allowed', by: [] }

interface AuthorizedRequest {
  readonly request: Request
  readonly authorization: Authorization
}

/** Authorizes a request at the proxy of the server: one from any address as one from an address that the policies allow, if there is one. */
export function authorizeCaller(view: View<PolicyKinds>, server: ServerSide, request: Request): AuthorizedRequest {
  if (server.at === 'application') return { request, authorization: ALLOWED }
  const authorizeFrom = (from: string | undefined): AuthorizedRequest => {
    const own = from === request.from ? request : { ...request, from }
    const authorize = server.at === 'ztunnel' ? authorizeAtZtunnel : authorizeRequest
    return { request: own, authorization: authorize(view, server.workload, own) }
  }
  if (request.from !== ANY_ADDRESS) return authorizeFrom(request.from)
  const [first, ...others] = callerAddresses(view, server.workload)
  let result = authorizeFrom(first)
  for (const from of others) {
    if (result.authorization.is === 'allowed') break
    const other = authorizeFrom(from)
    if (other.authorization.is === 'allowed') result = other
  }
  return result
}

/** RequestAuthentications validate the JWT before AuthorizationPolicies match on it. */
function authorizeRequest(view: View<PolicyKinds>, server: Workload, request: Request): Authorization {
  const issuers = issuersFor(view, server)
  const unknownBy = unknownIssuer(issuers, request.token)
  if (unknownBy !== undefined) return { is: 'token-refused', by: unknownBy }
  return authorize(view, server, { ...request, token: validateToken(issuers, request.token) })
}

/** Denial with the property of the request that would have to differ. */
export function toPolicyDenied(
  view: View<PolicyKinds>,
  client: Workload,
  server: ServerSide,
  request: Request,
  verdict: Denied
): PolicyDenied {
  const cause = denialCause(view, client, server, request, verdict)
  return { cause, client, server: server.workload, request, verdict }
}

/** Finds the property of the request that would have to differ for it to be allowed. */
function denialCause(
  view: View<PolicyKinds>,
  client: Workload,
  server: ServerSide,
  request: Request,
  { is }: Denied
): PolicyDenied['cause'] {
  if (is === 'provider-unknown') return is
  if (is === 'token-refused') return 'token-never-valid'
  const enforce = server.at === 'ztunnel' ? authorizeAtZtunnel : authorize
  const wouldAllow = (other: Partial<Request>) =>
    enforce(view, server.workload, { ...request, ...other }).is === 'allowed'
  const identity = identityOf(client, meshOf(view).trustDomain)
  if (request.identity === undefined && client.namespace !== '' && wouldAllow({ identity }))
    return 'no-identity-for-policy'
  return wouldAllow({ token: { issuer: undefined } }) ? 'token-never-valid' : 'refused-by-policy'
}
