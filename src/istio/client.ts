import type { Endpoint } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import { tlsModeOf, type Workload } from '../state/workload.ts'
import { type ClientTls, type DestinationRule, findDestinationRule, type MergedRule } from './destination-rule.ts'
import { meshOf } from './mesh.ts'
import { modeForPort, namespaceMtls, type PeerAuthentication, peerMtls } from './peer-authentication.ts'
import { scopeOf } from './sidecar.ts'

/** Where a request is sent: a port of a Service, real or expected, and the pods behind it. */
export interface Destination {
  readonly host: string
  readonly namespace: string
  readonly port: number
  readonly headless: boolean
  readonly endpoints: readonly Endpoint[]
  readonly subset?: string | undefined
  /** The Host header, where it is another than `host`. */
  readonly authority?: string | undefined
}

type Sent = {
  /** Identities that the client accepts; empty: those of the Service's own pods. */
  readonly accepts: readonly string[]
} & (
  | { readonly send: 'plaintext'; readonly sni: undefined }
  /** With the server name; TLS that is not the mesh's own sends the Host header by default. */
  | { readonly send: 'istio-mtls' | 'tls' | 'mutual-tls'; readonly sni: string }
)

/** What a client sends to an endpoint, and what decided it. `rule` shapes the connection, whether it decided or not. */
export type ClientSide = Sent &
  (
    | {
        readonly reason: 'rule' | 'credential-ignored'
        readonly rule: DestinationRule
      }
    | {
        readonly reason: 'peer-disabled'
        readonly rule: DestinationRule | undefined
        readonly policy: PeerAuthentication
      }
    | {
        readonly reason: 'no-proxy' | 'auto-mtls-off' | 'headless-mixed' | 'endpoint-without-tls-mode' | 'auto-mtls'
        readonly rule: DestinationRule | undefined
      }
  )

export type ClientKinds = 'DestinationRule' | 'PeerAuthentication' | 'Sidecar' | 'Service' | 'ConfigMap'

/**
 * What a workload sends to one endpoint of a destination.
 * @see istio pilot/pkg/networking/core/cluster_tls.go (buildUpstreamTLSSettings), pilot/pkg/xds/endpoints/mtls_checker.go
 */
export function clientSide(
  view: View<ClientKinds>,
  client: Workload,
  destination: Destination,
  endpoint: Endpoint
): ClientSide {
  if (client.proxy === 'none') return { ...PLAINTEXT, reason: 'no-proxy', rule: undefined }
  const merged = findDestinationRule(view, client, destination)
  const { tls, passthrough } = policyFor(merged, destination)
  if (merged !== undefined && tls !== undefined) return fromRule(tls, client, merged.rule, destination)
  return autoMtls(view, client, destination, endpoint, merged, passthrough)
}

const PLAINTEXT: Sent = { send: 'plaintext', sni: undefined, accepts: [] }

/** What a client sends when no rule says so: mTLS where it believes that the endpoint takes it. */
function autoMtls(
  view: View<ClientKinds>,
  client: Workload,
  destination: Destination,
  { workload, port }: Endpoint,
  merged: MergedRule | undefined,
  passthrough: boolean
): ClientSide {
  const rule = merged?.rule
  if (!meshOf(view).autoMtls) return { ...PLAINTEXT, reason: 'auto-mtls-off', rule }
  const { sees } = scopeOf(view, client)
  const modes = destination.endpoints.map(endpoint => tlsModeOf(endpoint.workload))
  if ((destination.headless || passthrough) && (modes.length === 0 || modes.includes('disabled'))) {
    return { ...PLAINTEXT, reason: 'headless-mixed', rule }
  }
  const inferredMode = namespaceMtls(view, destination.namespace, sees)
  if (inferredMode.mode === 'DISABLE') return { ...PLAINTEXT, reason: 'peer-disabled', rule, policy: inferredMode.by }
  const mtls = { ...mtlsTo(destination), reason: 'auto-mtls' as const, rule }
  // One socket for all endpoints; but gateways never dial the pods of a headless Service directly.
  if (passthrough || (destination.headless && client.proxy === 'sidecar')) return mtls

  if (tlsModeOf(workload) !== 'istio') return { ...PLAINTEXT, reason: 'endpoint-without-tls-mode', rule }
  // Endpoints are looked at with the rule's own top-level mode, even where a port entry has replaced it.
  const top = endpointMode(merged, destination)
  if (merged !== undefined && top !== undefined) {
    return { ...(top === 'ISTIO_MUTUAL' ? mtls : PLAINTEXT), reason: 'rule', rule: merged.rule }
  }
  const known = modeForPort(peerMtls(view, workload, sees), port)
  return known.mode === 'DISABLE' ? { ...PLAINTEXT, reason: 'peer-disabled', rule, policy: known.by } : mtls
}

interface PortPolicy {
  readonly tls: ClientTls | undefined
  readonly passthrough: boolean
}

/**
 * The rule's word for the port. An entry for the Service's port replaces the whole policy: what it leaves out is not
 * inherited. A subset's own word comes before the rule's.
 */
function policyFor(merged: MergedRule | undefined, { port, subset }: Destination): PortPolicy {
  const top = portPolicy(merged?.trafficPolicy, port)
  const own = merged?.subsets.find(({ name }) => name === subset)?.trafficPolicy
  if (own === undefined) return top
  const entry = portEntry(own, port)
  if (entry !== undefined) return portPolicy(own, port)
  return {
    tls: own.tls ?? top.tls,
    passthrough: own.loadBalancer === undefined ? top.passthrough : own.loadBalancer.simple === 'PASSTHROUGH'
  }
}

function portPolicy(policy: MergedRule['trafficPolicy'], port: number): PortPolicy {
  const { tls, loadBalancer } = portEntry(policy, port) ?? policy ?? { tls: undefined, loadBalancer: undefined }
  return { tls, passthrough: loadBalancer?.simple === 'PASSTHROUGH' }
}

function portEntry(policy: MergedRule['trafficPolicy'], port: number) {
  return policy?.portLevelSettings.find(entry => entry.port?.number === port)
}

function endpointMode(merged: MergedRule | undefined, { port, subset }: Destination): ClientTls['mode'] {
  const modeOf = (policy: MergedRule['trafficPolicy']) => {
    const entry = policy?.portLevelSettings.find(one => one.port?.number === port && one.tls !== undefined)
    const tls = entry?.tls ?? policy?.tls
    return tls === undefined ? undefined : (tls.mode ?? 'DISABLE')
  }
  return modeOf(merged?.subsets.find(({ name }) => name === subset)?.trafficPolicy) ?? modeOf(merged?.trafficPolicy)
}

/** A rule's `tls` counts for every endpoint, whatever stands there. No mode means DISABLE. */
function fromRule(tls: ClientTls, client: Workload, rule: DestinationRule, destination: Destination): ClientSide {
  const { mode = 'DISABLE', sni, subjectAltNames, credentialName } = tls
  if (mode === 'DISABLE') return { ...PLAINTEXT, reason: 'rule', rule }
  if (mode === 'ISTIO_MUTUAL') {
    return { ...mtlsTo(destination, sni), accepts: subjectAltNames, reason: 'rule', rule }
  }
  // A sidecar gets no credential by name, unless the rule selects its workload; it goes on without TLS.
  if (credentialName !== undefined && client.proxy === 'sidecar' && rule.spec.workloadSelector === undefined) {
    return { ...PLAINTEXT, reason: 'credential-ignored', rule }
  }
  return {
    send: mode === 'SIMPLE' ? 'tls' : 'mutual-tls',
    sni: sni ?? destination.authority ?? destination.host,
    accepts: subjectAltNames,
    reason: 'rule',
    rule
  }
}

function mtlsTo({ host, port, subset = '' }: Destination, sni = `outbound_.${port}_.${subset}_.${host}`): Sent {
  return { send: 'istio-mtls', sni, accepts: [] }
}
