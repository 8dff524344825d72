import type { Endpoint } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import { tlsModeOf, type Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'
import { isAmbient, isServedBy, takesHbone, takesHboneOfEnvoy } from './ambient.ts'
import {
  type ClientTls,
  type DestinationRule,
  findDestinationRule,
  type MergedDestinationRule
} from './destination-rule.ts'
import { meshOf } from './mesh.ts'
import { modeForPort, namespaceMtls, type PeerAuthentication, peerMtls } from './peer-authentication.ts'
import { endpointMode, policyFor } from './port-policy.ts'
import { scopeOf } from './sidecar.ts'

/** Port of a Service, existing or expected, and its endpoints. */
export interface Destination {
  readonly host: string
  readonly namespace: string
  readonly port: number
  readonly headless: boolean
  readonly endpoints: readonly Endpoint[]
  /** True if clients call the addresses of the endpoints, not that of the Service. */
  readonly byAddress?: true
  readonly subset?: string | undefined
  /** Labels of the endpoints of the subset. */
  readonly subsetLabels?: Labels | undefined
  /** Host header, if it differs from `host`. */
  readonly authority?: string | undefined
}

type ClientTlsSettings = {
  /** Server identities that the client accepts; empty: those of the Service's own pods. */
  readonly accepts: readonly string[]
} & (
  | { readonly send: 'plaintext'; readonly sni: undefined }
  | { readonly send: 'hbone'; readonly sni: undefined }
  /** Non-Istio TLS sends the Host header as SNI by default. */
  | { readonly send: 'istio-mtls' | 'tls' | 'mutual-tls' | 'tls-in-hbone'; readonly sni: string }
)

/** TLS that a client sends to an endpoint, and why. `destinationRule` is the effective one, even if it sets no TLS. */
export type ClientSide = ClientTlsSettings &
  (
    | {
        readonly reason: 'destination-rule' | 'credential-ignored'
        readonly destinationRule: DestinationRule
      }
    | {
        readonly reason: 'peer-disabled'
        readonly destinationRule: DestinationRule | undefined
        readonly policy: PeerAuthentication
      }
    | {
        readonly reason:
          | 'no-proxy'
          | 'ztunnel'
          | 'hbone'
          | 'waypoint'
          | 'auto-mtls-off'
          | 'headless-mixed'
          | 'endpoint-without-tls-mode'
          | 'auto-mtls'
        readonly destinationRule: DestinationRule | undefined
      }
  )

export type ClientKinds = 'Namespace' | 'DestinationRule' | 'PeerAuthentication' | 'Sidecar' | 'Service' | 'ConfigMap'

/**
 * Computes the TLS that a workload sends to one endpoint of a destination.
 * @see istio 1.31 pilot/pkg/networking/core/cluster_tls.go (buildUpstreamTLSSettings),
 * pilot/pkg/xds/endpoints/mtls_checker.go
 */
export function clientSide(
  view: View<ClientKinds>,
  client: Workload,
  destination: Destination,
  endpoint: Endpoint
): ClientSide {
  if (client.proxy === 'none') {
    const isCaptured = isAmbient(view, client)
    const sent = isCaptured && takesHbone(view, endpoint.workload) ? HBONE : PLAINTEXT
    return { ...sent, reason: isCaptured ? 'ztunnel' : 'no-proxy', destinationRule: undefined }
  }
  const merged = findDestinationRule(view, client, destination)
  const { tls, passthrough } = policyFor(merged, destination)
  const own =
    merged !== undefined && tls !== undefined
      ? fromDestinationRule(tls, client, merged.destinationRule, destination)
      : undefined
  if (client.proxy === 'waypoint' && isServedBy(client, destination))
    return waypointSide(view, client, destination, endpoint, own, merged?.destinationRule)
  const isOriginalDestination = passthrough || (destination.headless && client.proxy === 'sidecar')
  if (!isOriginalDestination && takesHboneOfEnvoy(view, endpoint.workload))
    return throughTunnel(own, merged?.destinationRule)
  return own ?? autoMtls(view, client, destination, endpoint, merged, passthrough)
}

const PLAINTEXT: ClientTlsSettings = { send: 'plaintext', sni: undefined, accepts: [] }
export const HBONE = { send: 'hbone', sni: undefined, accepts: [] } as const satisfies ClientTlsSettings

/**
 * HBONE takes the place of plaintext and Istio mTLS; other TLS of a DestinationRule is sent within it.
 * @see istio 1.31 pilot/pkg/networking/core/cluster_tls.go (applyHBONETransportSocketMatches)
 */
function throughTunnel(own: ClientSide | undefined, destinationRule: DestinationRule | undefined): ClientSide {
  return own !== undefined && (own.send === 'tls' || own.send === 'mutual-tls')
    ? { ...own, send: 'tls-in-hbone' }
    : { ...HBONE, reason: 'hbone', destinationRule }
}

/**
 * A waypoint sends HBONE, or plaintext to pods of a Service that take none; it has no Istio mTLS.
 * @see istio 1.31 pilot/pkg/networking/core/cluster_waypoint.go (buildWaypointTLSContext)
 */
function waypointSide(
  view: View<ClientKinds>,
  { serves }: Workload,
  { headless }: Destination,
  { workload }: Endpoint,
  own: ClientSide | undefined,
  destinationRule: DestinationRule | undefined
): ClientSide {
  const isOriginalDestination = headless && serves !== undefined
  if (serves === undefined || (!isOriginalDestination && takesHbone(view, workload)))
    return throughTunnel(own, destinationRule)
  const isTls = own?.send === 'tls' || own?.send === 'mutual-tls'
  return isTls ? own : { ...PLAINTEXT, reason: 'waypoint', destinationRule }
}

/** Client TLS if no DestinationRule sets it: mTLS if Istio infers that the endpoint accepts it. */
function autoMtls(
  view: View<ClientKinds>,
  client: Workload,
  destination: Destination,
  { workload, port }: Endpoint,
  merged: MergedDestinationRule | undefined,
  passthrough: boolean
): ClientSide {
  const destinationRule = merged?.destinationRule
  if (!meshOf(view, client).autoMtls) return { ...PLAINTEXT, reason: 'auto-mtls-off', destinationRule }
  const scope = scopeOf(view, client)
  const { host, namespace, port: number } = destination
  // The destination may be a Service that a new model brings: the client sees the policies of its namespace then.
  const isVisible = (other: string) =>
    scope.isVisible(other) || (other === namespace && scope.imports({ host, namespace, ports: [number] }))
  const modes = destination.endpoints.map(endpoint => tlsModeOf(endpoint.workload))
  if ((destination.headless || passthrough) && (modes.length === 0 || modes.includes('disabled'))) {
    return { ...PLAINTEXT, reason: 'headless-mixed', destinationRule }
  }
  const inferredMode = namespaceMtls(view, destination.namespace, isVisible)
  if (inferredMode.mode === 'DISABLE') {
    return { ...PLAINTEXT, reason: 'peer-disabled', destinationRule, policy: inferredMode.by }
  }
  const mtls = { ...mtlsTo(destination), reason: 'auto-mtls' as const, destinationRule }
  // All endpoints share one transport socket. Gateways do not dial the pods of a headless Service directly.
  if (passthrough || (destination.headless && client.proxy === 'sidecar')) return mtls
  if (tlsModeOf(workload) !== 'istio') return { ...PLAINTEXT, reason: 'endpoint-without-tls-mode', destinationRule }
  // Istio checks endpoints with the rule's top-level mode, even if a port entry replaces it.
  const top = endpointMode(merged, destination)
  if (merged !== undefined && top !== undefined) {
    const settings = top === 'ISTIO_MUTUAL' ? mtls : PLAINTEXT
    return { ...settings, reason: 'destination-rule', destinationRule: merged.destinationRule }
  }
  const peer = modeForPort(peerMtls(view, workload, isVisible), port)
  return peer.mode === 'DISABLE' ? { ...PLAINTEXT, reason: 'peer-disabled', destinationRule, policy: peer.by } : mtls
}

/** Client TLS of a DestinationRule, for every endpoint whether it has a sidecar or not. The default mode is DISABLE. */
function fromDestinationRule(
  tls: ClientTls,
  client: Workload,
  destinationRule: DestinationRule,
  destination: Destination
): ClientSide {
  const decided = { reason: 'destination-rule' as const, destinationRule }
  const { mode = 'DISABLE', sni, subjectAltNames, credentialName } = tls
  if (mode === 'DISABLE') return { ...PLAINTEXT, ...decided }
  if (mode === 'ISTIO_MUTUAL') return { ...mtlsTo(destination, sni), accepts: subjectAltNames, ...decided }
  // A sidecar ignores credentialName and sends plaintext, unless the rule has a workloadSelector.
  const isSelected = destinationRule.spec.workloadSelector !== undefined
  if (credentialName !== undefined && client.proxy === 'sidecar' && !isSelected) {
    return { ...PLAINTEXT, reason: 'credential-ignored', destinationRule }
  }
  return {
    send: mode === 'SIMPLE' ? 'tls' : 'mutual-tls',
    sni: sni ?? destination.authority ?? destination.host,
    accepts: subjectAltNames,
    ...decided
  }
}

function mtlsTo(
  { host, port, subset = '' }: Destination,
  sni = `outbound_.${port}_.${subset}_.${host}`
): ClientTlsSettings {
  return { send: 'istio-mtls', sni, accepts: [] }
}
