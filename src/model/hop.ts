import type { Authorization } from './authorization.ts'
import type { ClientSide, Destination } from './client.ts'
import type { Connection, ConnectionRefused } from './connection.ts'
import type { Chain } from './gateway.ts'
import type { PeerAuthentication } from './peer-authentication.ts'
import type { Request } from './request.ts'
import type { Ref } from './resource.ts'
import type { Labels } from './selector.ts'
import type { ServerSide } from './server.ts'
import type { Workload } from './workload.ts'

/** One stretch of a path, from one process that handles the request to the next. */
export type HopName =
  | 'caller->ingress-gateway'
  | 'ingress-gateway->local-gateway'
  | 'caller->local-gateway'
  | 'local-gateway->component'
  | 'caller->activator'
  | 'gateway->activator'
  | 'caller->pod'
  | 'gateway->pod'
  | 'activator->pod'
  | 'autoscaler->pod'
  | 'kubelet->pod'
  | 'apiserver->webhook'
  | 'controller'

/** A connection that does not come about: who sent what, to whom, and why it is refused. */
export type ConnectionFailure = ConnectionRefused & ConnectionEnds

interface ConnectionEnds {
  readonly client: Workload
  readonly sent: ClientSide
  readonly destination: Destination
  readonly server: ServerSide
}

/** A gateway took the connection, but has no route there for the host: the caller gets 404. */
export interface NoRoute {
  readonly cause: 'no-route'
  readonly host: string
  /** The Gateways (`namespace/name`) that the route is bound to. */
  readonly boundTo: readonly string[]
  readonly destination: Destination
  readonly at: Chain
}

/** A Service or Gateway that is not there, or that no pod stands behind. */
export interface NoEndpoints {
  readonly cause: 'no-endpoints'
  readonly address: Ref
}

/** A controller refuses an object, so what it should make never comes. */
export interface ConfigurationRejected {
  readonly cause: 'configuration-rejected'
  readonly object: Ref
  readonly field: string
  readonly value: string
  readonly why: string
  readonly by: 'KServe' | 'Knative'
}

/** The connection stands, and policies refuse the request. */
interface DeniedCall {
  readonly client: Workload
  readonly server: Workload
  readonly request: Request
  readonly verdict: Denied
}

/**
 * Whoever comes so is refused; or because the call carries no identity, over plaintext; or because a token is asked for
 * that nobody there can read; or because nobody is there to be asked.
 */
export type PolicyDenialCause =
  | 'refused-by-policy'
  | 'no-identity-for-policy'
  | 'token-never-valid'
  | 'provider-unknown'
export type PolicyDenied = { [C in PolicyDenialCause]: { readonly cause: C } & DeniedCall }[PolicyDenialCause]

export type Denied = Exclude<Authorization, { readonly is: 'allowed' }>

/** The API server cannot call an admission webhook: it has no certificate of the mesh. */
export interface WebhookUnreachable {
  readonly cause: 'webhook-refused'
  readonly configuration: Ref
  readonly webhook: string
  readonly pod: Workload
  readonly port: number
  /** Of the Service that leads to the pod. */
  readonly selector: Labels
  /** Absent where the pod's port is HTTP to Istio, and so takes no TLS but the mesh's. */
  readonly at: PeerAuthentication | undefined
}

export type Failure =
  | ConnectionFailure
  | NoRoute
  | NoEndpoints
  | ConfigurationRejected
  | PolicyDenied
  | WebhookUnreachable

export type Cause = Failure['cause']

/** What became of a call between one client and one server. */
export interface CallResult {
  readonly client: Workload
  readonly destination: Destination
  readonly connection: Connection
  readonly authorization: Authorization
  readonly failure: Failure | undefined
}

export interface Hop {
  readonly name: HopName
  /** Up to the first that is cut; where the ways of several are alike, one stands for them. */
  readonly calls: readonly CallResult[]
  /** Absent: the request gets through, as far as is known. */
  readonly failure: Failure | undefined
  /** What is not known, and would decide. */
  readonly unknown?: string
}

export interface FailedHop extends Hop {
  readonly failure: Failure
}
