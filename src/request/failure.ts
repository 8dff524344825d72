import type { Authorization } from '../istio/authorization.ts'
import type { ClientSide, Destination } from '../istio/client.ts'
import type { ConnectionRefused } from '../istio/connection-outcome.ts'
import type { PeerAuthentication } from '../istio/peer-authentication.ts'
import type { Request } from '../istio/request.ts'
import type { ServerSide } from '../istio/server.ts'
import type { PublicationSetting } from '../kserve/publication-setting.ts'
import type { Isolation } from '../kubernetes/network-policy.ts'
import type { Ref, ResourceOf } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'
import type {
  BackendInvalid,
  NoRoute,
  NoRule,
  NotExported,
  NotInRegistry,
  RoutedElsewhere,
  RouteNotAccepted
} from './route-failure.ts'

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

/** Service or Gateway that does not exist or has no endpoints: 503 UH. */
export interface NoEndpoints {
  readonly cause: 'no-endpoints'
  readonly address: Ref
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
