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
import { TLS_MODE_LABEL, tlsModeOf, type Workload } from '../state/workload.ts'

/** Object and field that configure a side of a connection. */
export interface ConfigSource {
  readonly object: Ref
  readonly field: string
}

/** Text for one side of a connection. `decidedBy` is empty for a default that no object configures. */
export interface Side {
  readonly what: string
  readonly why: string
  readonly decidedBy: readonly ConfigSource[]
}

const CLIENT_TLS: Readonly<Record<ClientSide['send'], string>> = {
  plaintext: 'plaintext',
  'istio-mtls': 'mesh mTLS',
  tls: "TLS that is not the mesh's",
  'mutual-tls': 'TLS with a certificate of its own'
}

const CLIENT_TLS_REASON: Readonly<Record<ClientSide['reason'], string>> = {
  rule: 'a DestinationRule says so',
  'credential-ignored': 'the DestinationRule names a credential, which sidecars do not get',
  'peer-disabled': 'clients see that mTLS is disabled there',
  'no-proxy': 'the caller has no sidecar',
  'auto-mtls-off': 'no DestinationRule says otherwise, and auto mTLS is off',
  'headless-mixed': 'connections go by address, and not every pod there is known to take mTLS',
  'endpoint-without-tls-mode': 'auto mTLS, and the pod is not labelled as taking it',
  'auto-mtls': 'auto mTLS, and the pod is labelled as taking it'
}
const DIRECT_POD_IP_REASON = "it dials the pod's own address, which its sidecar passes on as it is"

/** Describes what the client sends. */
export function clientSideText(view: View<'ConfigMap'>, { client, destination, connection }: CallResult): Side {
  const { sent, server } = connection
  const isPast = sent.reason === 'no-proxy' && tlsModeOf(client) === 'istio'
  return {
    what: CLIENT_TLS[sent.send],
    why: isPast ? DIRECT_POD_IP_REASON : CLIENT_TLS_REASON[sent.reason],
    decidedBy: clientTlsSources(view, sent, client, destination, server.workload)
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
    case 'auto-mtls-off':
      return sourceIn(findMeshConfig(view), 'data.mesh')
    case 'headless-mixed':
      return destination.headless
        ? sourceIn(toServiceRef(destination.host), 'spec.clusterIP')
        : sourceIn(sent.rule, 'spec.trafficPolicy.loadBalancer')
    case 'endpoint-without-tls-mode':
    case 'auto-mtls':
      return sourceIn(podRef(server), `metadata.labels[${TLS_MODE_LABEL}]`)
    default:
      return [clientTlsSource(sent, destination)]
  }
}

const SERVER_MTLS: Readonly<Record<MtlsMode, string>> = {
  STRICT: 'mesh mTLS alone',
  PERMISSIVE: 'mesh mTLS and plaintext',
  DISABLE: 'plaintext alone'
}
const LISTENER_TLS: Readonly<Record<NonNullable<Chain['tls']>, string>> = {
  ISTIO_MUTUAL: 'mesh mTLS alone',
  MUTUAL: 'TLS with a client certificate',
  OPTIONAL_MUTUAL: 'TLS, with a client certificate or without',
  SIMPLE: 'TLS',
  PASSTHROUGH: 'TLS, and passes it on',
  AUTO_PASSTHROUGH: 'TLS, and passes it on'
}

/** Describes what the server accepts. */
export function serverSideText({ server, outcome }: Connection): Side {
  switch (server.at) {
    case 'application':
      return {
        what: 'plaintext alone, without a sidecar',
        why: 'the pod has no sidecar',
        decidedBy: sourceIn(podRef(server.workload), 'spec.containers')
      }
    case 'sidecar': {
      const { mode, by } = server.mtls
      return by === undefined
        ? { what: SERVER_MTLS[mode], why: "Istio's default", decidedBy: [] }
        : { what: SERVER_MTLS[mode], why: mode, decidedBy: sourceIn(by, peerField(by, server.port, mode)) }
    }
    case 'gateway': {
      const chain = chainOf(outcome)
      if (chain === undefined) {
        const what = `nothing on port ${server.port}`
        return { what, why: 'no Gateway serves it', decidedBy: sourceIn(podRef(server.workload), 'metadata.labels') }
      }
      return server.listener?.rejected === true
        ? { ...listenerSideText(chain), what: 'nothing, for two servers match alike', why: 'Envoy refuses the port' }
        : listenerSideText(chain)
    }
  }
}

/** Filter chain that accepted or rejected the connection; none without a listener. */
function chainOf(outcome: Connection['outcome']): Chain | undefined {
  if (outcome.is === 'open') return outcome.chain
  const { at } = outcome.refusal
  return typeof at === 'object' && 'servers' in at ? at : undefined
}

function listenerSideText({ servers, tls, serverNames }: Chain): Side {
  const [first] = servers
  const names = serverNames.length === 0 ? '' : `, for ${serverNames.join(', ')}`
  return {
    what: `${tls === undefined ? 'plain HTTP' : LISTENER_TLS[tls]}${names}`,
    why: tls ?? first.server.port.protocol,
    decidedBy: sourceIn(first.gateway, serverField(first, tls === undefined ? 'port.protocol' : 'tls.mode'))
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
