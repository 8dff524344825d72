import type { ClientSide, Destination } from './client.ts'
import type { Chain } from './gateway.ts'
import type { Refusal } from './hop.ts'
import type { Ref } from './resource.ts'
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
  | 'controller'

/** A connection that does not come about: who sent what, to whom, and why it is refused. */
export type ConnectionCut = Refusal & Ends

interface Ends {
  readonly client: Workload
  readonly sent: ClientSide
  readonly destination: Destination
  readonly server: ServerSide
}

/** A gateway took the connection, but has no route there for the host: the caller gets 404. */
export interface RouteCut {
  readonly cause: 'no-route'
  readonly host: string
  /** The Gateways (`namespace/name`) that the route is bound to. */
  readonly boundTo: readonly string[]
  readonly destination: Destination
  readonly at: Chain
}

/** A Service or Gateway that is not there, or that no pod stands behind. */
export interface EndpointCut {
  readonly cause: 'no-endpoints'
  readonly address: Ref
}

/** A controller refuses an object, so what it should make never comes. */
export interface ConfigurationCut {
  readonly cause: 'configuration-rejected'
  readonly object: Ref
  readonly field: string
  readonly value: string
  readonly why: string
  readonly by: 'KServe' | 'Knative'
}

export type Cut = ConnectionCut | RouteCut | EndpointCut | ConfigurationCut

export type Cause = Cut['cause']

export interface Hop {
  readonly name: HopName
  /** Absent: the request gets through. */
  readonly cut: Cut | undefined
}

export interface CutHop extends Hop {
  readonly cut: Cut
}
