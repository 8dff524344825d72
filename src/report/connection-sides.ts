import type { ClientSide } from '../istio/client.ts'
import type { Connection } from '../istio/connection.ts'
import type { Chain } from '../istio/gateway.ts'
import { findMeshConfig } from '../istio/mesh.ts'
import { hasWorkloadSelector, type MtlsMode, type PeerAuthentication } from '../istio/peer-authentication.ts'
import type { CallResult } from '../request/hop.ts'
import { toServiceRef } from '../request/service-resolution.ts'
import { clientTlsSource, serverField } from '../rules/lib/message-parts.ts'
import { type Ref, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { REDIRECTION, TLS_MODE_LABEL, tlsModeOf, type Workload } from '../state/workload.ts'

/** Object and field that configure a side of a connection. */
export interface ConfigSource {
  readonly object: Ref
  readonly field: string
}

/** Text for one side of a connection. `configuredBy` is empty for a default that no object configures. */
export interface Side {
  readonly description: string
  readonly reason: string
  readonly configuredBy: readonly ConfigSource[]
}

const CLIENT_TLS: Readonly<Record<ClientSide['send'], string>> = {
  plaintext: 'plaintext',
  'istio-mtls': 'mTLS',
  tls: 'non-Istio TLS',
  'mutual-tls': 'custom mTLS',
  hbone: 'HBONE',
  'tls-in-hbone': 'non-Istio TLS in HBONE'
}

const CLIENT_TLS_REASON: Readonly<Record<ClientSide['reason'], string>> = {
  'destination-rule': 'TLS settings',
  'credential-ignored': 'sidecars ignore credentialName',
  'peer-disabled': 'auto mTLS: PeerAuthentication disables mTLS on the endpoint',
  'no-proxy': 'client has no sidecar',
  ztunnel: 'ztunnel of the client',
  hbone: 'endpoint takes HBONE',
  waypoint: 'no DestinationRule sets TLS, and the endpoint takes no HBONE',
  'auto-mtls-off': 'no DestinationRule sets TLS, and enableAutoMtls is false',
  'headless-mixed': `original destination cluster: not every endpoint has label ${TLS_MODE_LABEL}=istio`,
  'endpoint-without-tls-mode': `auto mTLS: endpoint has no label ${TLS_MODE_LABEL}=istio`,
  'auto-mtls': `auto mTLS: endpoint has label ${TLS_MODE_LABEL}=istio`
}
/** Annotation that istio-cni sets on captured pods. */
const REDIRECTION_FIELD = `metadata.annotations[${REDIRECTION}]`
const DIRECT_POD_IP_REASON = 'client dials the pod IP, which its sidecar forwards unchanged'

/** Describes what the client sends. */
export function clientSideText(view: View<'ConfigMap'>, { client, destination, connection }: CallResult): Side {
  const { sent, server } = connection
  const isDirect = sent.reason === 'no-proxy' && tlsModeOf(client) === 'istio'
  return {
    description: CLIENT_TLS[sent.send],
    reason: isDirect ? DIRECT_POD_IP_REASON : CLIENT_TLS_REASON[sent.reason],
    configuredBy: clientTlsSources(view, sent, client, destination, server.workload)
  }
}

function clientTlsSources(
  view: View<'ConfigMap'>,
  sent: ClientSide,
  client: Workload,
  destination: CallResult['destination'],
  server: Workload
): readonly ConfigSource[] {
  switch (sent.reason) {
    case 'no-proxy':
      return sourceIn(client.namespace === '' ? undefined : podRef(client), 'spec.containers')
    case 'ztunnel':
      return sourceIn(podRef(client), REDIRECTION_FIELD)
    case 'hbone':
    case 'waypoint':
      return sourceIn(podRef(server), server.proxy === 'waypoint' ? 'spec.containers' : REDIRECTION_FIELD)
    case 'auto-mtls-off':
      return sourceIn(findMeshConfig(view, client), 'data.mesh')
    case 'headless-mixed':
      return destination.headless
        ? sourceIn(toServiceRef(destination.host), 'spec.clusterIP')
        : sourceIn(sent.destinationRule, 'spec.trafficPolicy.loadBalancer')
    case 'endpoint-without-tls-mode':
    case 'auto-mtls':
      return sourceIn(podRef(server), `metadata.labels[${TLS_MODE_LABEL}]`)
    default:
      return [clientTlsSource(sent, destination)]
  }
}

const SERVER_MTLS: Readonly<Record<MtlsMode, string>> = {
  STRICT: 'only mTLS',
  PERMISSIVE: 'mTLS and plaintext',
  DISABLE: 'only plaintext'
}
const LISTENER_TLS: Readonly<Record<NonNullable<Chain['tls']>, string>> = {
  ISTIO_MUTUAL: 'only mTLS',
  MUTUAL: 'TLS with a client certificate',
  OPTIONAL_MUTUAL: 'TLS with or without a client certificate',
  SIMPLE: 'TLS',
  PASSTHROUGH: 'TLS (passthrough)',
  AUTO_PASSTHROUGH: 'TLS (passthrough)'
}

/** Describes what the server accepts. */
export function serverSideText({ server, outcome }: Connection): Side {
  switch (server.at) {
    case 'application':
      return {
        description: outcome.is === 'unknown' ? 'plaintext or TLS' : server.servesTls ? 'only TLS' : 'only plaintext',
        reason: 'pod has no sidecar',
        configuredBy: sourceIn(podRef(server.workload), 'spec.containers')
      }
    case 'waypoint':
      return {
        description: 'only HBONE',
        reason: 'waypoint',
        configuredBy: sourceIn(podRef(server.workload), 'spec.containers')
      }
    case 'ztunnel': {
      const { strict } = server
      return strict === undefined
        ? { description: 'HBONE and plaintext', reason: 'ztunnel, no PeerAuthentication is STRICT', configuredBy: [] }
        : { description: 'only HBONE', reason: 'ztunnel, STRICT', configuredBy: sourceIn(strict, 'spec') }
    }
    case 'sidecar': {
      const { mode, by } = server.mtls
      return by === undefined
        ? { description: SERVER_MTLS[mode], reason: `${mode}, Istio default`, configuredBy: [] }
        : { description: SERVER_MTLS[mode], reason: mode, configuredBy: sourceIn(by, peerField(by, server.port, mode)) }
    }
    case 'gateway': {
      const chain = chainOf(outcome)
      if (chain === undefined) {
        if (outcome.is === 'open')
          return {
            description: 'plaintext HTTP',
            reason: 'listener of an Ingress or a Gateway API Gateway, which is not read',
            configuredBy: sourceIn(podRef(server.workload), 'metadata.labels')
          }
        return {
          description: `no connections on port ${server.port}`,
          reason: 'no Gateway has a server on this port',
          configuredBy: sourceIn(podRef(server.workload), 'metadata.labels')
        }
      }
      return server.listener?.rejected === true
        ? {
            ...listenerSideText(chain),
            description: 'no connections',
            reason: 'Envoy rejects the listener: duplicate filter chain match'
          }
        : listenerSideText(chain)
    }
  }
}

/** Filter chain that accepted or rejected the connection; none without a listener. */
function chainOf(outcome: Connection['outcome']): Chain | undefined {
  if (outcome.is !== 'refused') return outcome.chain
  const { at } = outcome.refusal
  return typeof at === 'object' && 'servers' in at ? at : undefined
}

function listenerSideText({ servers, tls, serverNames }: Chain): Side {
  const [first] = servers
  const names = serverNames.length === 0 ? '' : `, SNI ${serverNames.join(', ')}`
  return {
    description: `${tls === undefined ? 'plaintext HTTP' : LISTENER_TLS[tls]}${names}`,
    reason: tls ?? first.server.port.protocol,
    configuredBy: sourceIn(first.gateway, serverField(first, tls === undefined ? 'port.protocol' : 'tls.mode'))
  }
}

/** `portLevelMtls` takes effect only in a policy with a selector. */
function peerField({ spec }: PeerAuthentication, port: number, mode: MtlsMode): string {
  const own = hasWorkloadSelector(spec.selector) ? spec.portLevelMtls[port]?.mode : undefined
  return own === mode ? `spec.portLevelMtls[${port}].mode` : 'spec.mtls.mode'
}

function sourceIn(object: Ref | undefined, field: string): readonly ConfigSource[] {
  return object === undefined ? [] : [{ object: toRef(object), field }]
}

function podRef({ namespace, name }: Workload): Ref {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name }
}
