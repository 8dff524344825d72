import type { Authorization } from '../istio/authorization.ts'
import type { Destination } from '../istio/client.ts'
import type { Connection } from '../istio/connection.ts'
import type { Routed } from '../istio/route.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import type { Workload } from '../state/workload.ts'
import type { Failure } from './failure.ts'
import type { NoRouteReason } from './route-failure.ts'

/** Hop of a request path, from one process that handles the request to the next. */
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

/** Result of a call between one client and one server. */
export interface CallResult {
  readonly client: Workload
  readonly destination: Destination
  readonly connection: Connection
  readonly authorization: Authorization
  readonly failure: Failure | undefined
  /** Route of the gateway that is called. */
  readonly routed?: Routed | NoRouteReason | undefined
  /** Set if the call is not evaluated; then `failure` is absent. */
  readonly unknown?: Unevaluated | undefined
  /** True if `connection` is not what becomes of the call. */
  readonly unmodeled?: true
  /** Call to the waypoint that calls the server. */
  readonly via?: CallResult
  /** What can still reject a call that is evaluated. */
  readonly unevaluated: readonly Caveat[]
}

/** Something that can change a result and is not evaluated. */
export interface Unevaluated {
  readonly reason: string
  /** Text of everything that would decide; equal reasons with equal inputs have equal results. */
  readonly inputs: string
}

/** What can still reject a request: the answer of a CUSTOM provider, or an object that is not evaluated. */
export interface Caveat extends Unevaluated {
  readonly by: 'provider' | 'object'
}

export interface Hop {
  readonly name: HopName
  /** Up to the first failure. Pods with equal results are represented by one call. */
  readonly calls: readonly CallResult[]
  /** Absent: the request passes, or the result is unknown. */
  readonly failure: Failure | undefined
  /** VirtualService whose route leads to the server. */
  readonly routedBy?: VirtualService | undefined
  /** Why the result is not known. */
  readonly unknown?: Unevaluated | undefined
  /** What can still reject the request at this hop. */
  readonly unevaluated?: readonly Caveat[]
}

export interface FailedHop extends Hop {
  readonly failure: Failure
}

/** Hop at which a policy denies a request because it has no JWT. */
export interface TokenRequiredHop extends Hop {
  readonly failure: Extract<Failure, { readonly cause: 'token-required' }>
}
