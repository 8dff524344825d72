import type { Refusal } from '../gateway-api/listeners.ts'
import type { Backend } from '../gateway-api/route-match.ts'
import type { Destination } from '../istio/client.ts'
import type { Chain } from '../istio/gateway.ts'
import type { Answer } from '../istio/route.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import type { Ref, ResourceOf } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'

/** The gateway accepts the connection but has no matching route for the host: 404 NR. */
export interface NoRoute {
  readonly cause: 'no-route'
  readonly host: string
  /** Gateways (`namespace/name`) of the VirtualServices for the host. */
  readonly boundTo: readonly string[]
  /** VirtualService that is bound to the gateway and not exported to its namespace. */
  readonly hidden: VirtualService | undefined
  readonly destination: Destination
  readonly at: Chain
}

/** The HTTPRoute or Ingress of a host has no rule for the request: 404. */
export interface NoRule {
  readonly cause: 'no-route'
  readonly host: string
  /** Absent if the model defines its own URL paths. */
  readonly path: string | undefined
  readonly object: Ref
}

/** No listener of a Gateway API Gateway accepts the HTTPRoute of a model: 404. */
export interface RouteNotAccepted {
  readonly cause: 'route-not-accepted'
  readonly route: Ref
  readonly gateway: ResourceOf<'KubernetesGateway'>
  readonly refusal: Refusal
  /** Position of the listener that is nearest to accepting it; absent if the Gateway has none. */
  readonly listener: number | undefined
  readonly host: string
}

/** The gateway of an HTTPRoute or Ingress has no endpoints for the backend that the rule names: 500 or 503. */
export interface BackendInvalid {
  readonly cause: 'backend-invalid'
  readonly route: Ref
  /** Path of the rule in the route. */
  readonly field: string
  /** `not-granted`: in another namespace, without a ReferenceGrant there. */
  readonly reason: 'none' | 'not-granted' | 'no-service' | 'no-port'
  /** Absent if the rule names none. */
  readonly backend: Backend | undefined
}

/** Gateways (`namespace/name`) of the VirtualServices for a host that a gateway has no route for. */
export interface NoRouteReason {
  readonly is: 'none'
  readonly boundTo: readonly string[]
  /** VirtualService that is bound to the gateway and not exported to its namespace. */
  readonly hidden: VirtualService | undefined
}

/** The sidecar of the caller rejects requests to hosts that it does not know (REGISTRY_ONLY). */
export interface NotInRegistry {
  readonly cause: 'not-in-registry'
  readonly client: Workload
  readonly host: string
  /** Absent if the mesh configuration sets the policy. */
  readonly by: ResourceOf<'Sidecar'> | undefined
}

/** A route leads to a Service that is not exported to the namespace of the proxy: 503 NC. */
export interface NotExported {
  readonly cause: 'service-not-exported'
  readonly client: Workload
  readonly service: ResourceOf<'Service'>
}

/** A VirtualService does not send the request to the model. */
export interface RoutedElsewhere {
  readonly cause: 'routed-elsewhere'
  readonly virtualService: VirtualService
  readonly host: string
  /**
   * Its own answer, routes for other requests only, a destination or subset without pods of the model, no end, or the activator
   * without a header that names the revision.
   */
  readonly how: Answer | 'no match' | 'destination' | 'subset' | 'loop' | 'no revision'
  /** Host of the destination. */
  readonly to?: string | undefined
}
