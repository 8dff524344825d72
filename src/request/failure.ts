import type { Refusal } from '../gateway-api/listeners.ts'
import type { Backend } from '../gateway-api/route-match.ts'
import type { Authorization } from '../istio/authorization.ts'
import type { ClientSide, Destination } from '../istio/client.ts'
import type { ConnectionRefused } from '../istio/connection-outcome.ts'
import type { Chain } from '../istio/gateway.ts'
import type { PeerAuthentication } from '../istio/peer-authentication.ts'
import type { Request } from '../istio/request.ts'
import type { Answer } from '../istio/route.ts'
import type { ServerSide } from '../istio/server.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import type { PublicationSetting } from '../kserve/publication-setting.ts'
import type { Isolation } from '../kubernetes/network-policy.ts'
import type { Ref, ResourceOf } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'

/** Connection that fails: client, TLS that it sends, server, and the cause. */
export type ConnectionFailure = ConnectionRefused & ConnectionEnds

/** Pod without a sidecar that routes the request: it is sent unchanged, to the gateway that the host resolves to. */
export interface UnroutedSender {
  readonly pod: Workload
  /** Host of the request. */
  readonly host: string
}

interface ConnectionEnds {
  readonly client: Workload
  readonly unrouted?: UnroutedSender | undefined
  readonly sent: ClientSide
  readonly destination: Destination
  readonly server: ServerSide
}

/** The gateway accepts the connection but has no matching route for the host: 404 NR. */
export interface NoRoute {
  readonly cause: 'no-route'
  readonly host: string
  /** Gateways (`namespace/name`) of the VirtualServices for the host. */
  readonly boundTo: readonly string[]
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

/** Service or Gateway that does not exist or has no endpoints: 503 UH. */
export interface NoEndpoints {
  readonly cause: 'no-endpoints'
  readonly address: Ref
}

/** Gateways (`namespace/name`) of the VirtualServices for a host that a gateway has no route for. */
export interface NoRouteReason {
  readonly is: 'none'
  readonly boundTo: readonly string[]
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
   * Its own answer, routes for other requests only, a destination without pods of the model, no end, or the activator
   * without a header that names the revision.
   */
  readonly how: Answer | 'no match' | 'destination' | 'loop' | 'no revision'
  /** Host of the destination. */
  readonly to?: string | undefined
}

/** NetworkPolicies drop the packets of the connection, which times out: 503 UF. */
export interface NetworkPolicyDenied {
  readonly cause: 'network-policy-denied'
  readonly client: Workload
  readonly server: Workload
  /** Port of the server's pod. */
  readonly port: number
  /** Policies that isolate the client or the server; none of the same direction allows the connection. */
  readonly by: readonly [Isolation, ...Isolation[]]
}

/** A controller rejects an object and does not create what depends on it. */
export interface ConfigurationRejected {
  readonly cause: 'configuration-rejected'
  readonly object: Ref
  readonly field: string
  readonly value: string
  readonly reason: string
  readonly by: 'KServe' | 'Knative'
}

/** No controller publishes the external address any more: 404. */
export interface NotPublished {
  readonly cause: 'not-published'
  /** Host, and prefix of the URL path if any. */
  readonly address: string
  readonly setting: PublicationSetting
  /** Domain that keeps the address as one of `additionalIngressDomains`. */
  readonly keptBy: string | undefined
}

/** The connection is established, but a policy denies the request. */
interface DeniedCall {
  readonly client: Workload
  readonly server: Workload
  readonly request: Request
  readonly verdict: Denied
}

/**
 * `refused-by-policy`: no rule allows the identity. `no-identity-for-policy`: plaintext request, policy requires an
 * identity. `token-never-valid`: required JWT issuer is not configured. `token-required`: a JWT would be accepted.
 * `provider-unknown`: CUSTOM provider is not defined.
 */
export type PolicyDenialCause =
  | 'refused-by-policy'
  | 'no-identity-for-policy'
  | 'token-never-valid'
  | 'token-required'
  | 'provider-unknown'
export type PolicyDenied = { [C in PolicyDenialCause]: { readonly cause: C } & DeniedCall }[PolicyDenialCause]

export type Denied = Exclude<Authorization, { readonly is: 'allowed' }>

/** The API server cannot call an admission or conversion webhook, because it has no Istio workload certificate. */
export interface WebhookUnreachable {
  readonly cause: 'webhook-refused'
  /** Webhook configuration, or the CustomResourceDefinition of a conversion webhook. */
  readonly configuration: Ref
  readonly webhook: string
  readonly pod: Workload
  readonly port: number
  /** Selector of the Service that targets the pod. */
  readonly selector: Labels
  /** Absent if Istio treats the port as HTTP, which accepts only Istio mTLS. */
  readonly at: PeerAuthentication | undefined
}

/** Callers can use the path now; after their next restart they have no sidecar, and the server denies plaintext. */
export interface SidecarLost {
  readonly cause: 'sidecar-lost'
  readonly namespace: ResourceOf<'Namespace'>
  /** One of the running pods with a sidecar. */
  readonly pod: Ref
  /** True if ztunnel captures the next pods. */
  readonly ambient: boolean
  /** A model (`namespace/name`) that the callers lose by this path. */
  readonly model: string
  /** Number of all models that they lose. */
  readonly count: number
}

export type Failure =
  | ConnectionFailure
  | NoRoute
  | NotInRegistry
  | NotExported
  | RoutedElsewhere
  | NoRule
  | RouteNotAccepted
  | BackendInvalid
  | NoEndpoints
  | NetworkPolicyDenied
  | ConfigurationRejected
  | NotPublished
  | PolicyDenied
  | WebhookUnreachable
  | SidecarLost

export type Cause = Failure['cause']
