import type { ClientSide } from '../model/client.ts'
import type { Connection } from '../model/connection.ts'
import type { Chain } from '../model/gateway.ts'
import type { CallResult } from '../model/hop.ts'
import { findMeshConfig } from '../model/mesh.ts'
import { hasWorkloadSelector, type MtlsMode, type PeerAuthentication } from '../model/peer-authentication.ts'
import { toServiceRef } from '../model/request-path.ts'
import { type Ref, toRef } from '../model/resource.ts'
import type { View } from '../model/snapshot.ts'
import { TLS_MODE_LABEL, tlsModeOf, type Workload } from '../model/workload.ts'
import { clientTlsSource, serverField } from '../rules/lib/message-parts.ts'

/** An object that decides, and where in it. */
export interface Decider {
  readonly object: Ref
  readonly field: string
}

/** One side of a connection in words. Where nothing in the state decides, there are no deciders. */
export interface Side {
  readonly what: string
  readonly why: string
  readonly decidedBy: readonly Decider[]
}

const SENT: Readonly<Record<ClientSide['send'], string>> = {
  plaintext: 'plaintext',
  'istio-mtls': 'mesh mTLS',
  tls: "TLS that is not the mesh's",
  'mutual-tls': 'TLS with a certificate of its own'
}

const WHY_SENT: Readonly<Record<ClientSide['reason'], string>> = {
  rule: 'a DestinationRule says so',
  'credential-ignored': 'the DestinationRule names a credential, which sidecars do not get',
  'peer-disabled': 'clients see that mTLS is disabled there',
  'no-proxy': 'the caller has no sidecar',
  'auto-mtls-off': 'no DestinationRule says otherwise, and auto mTLS is off',
  'headless-mixed': 'connections go by address, and not every pod there is known to take mTLS',
  'endpoint-without-tls-mode': 'auto mTLS, and the pod is not labelled as taking it',
  'auto-mtls': 'auto mTLS, and the pod is labelled as taking it'
}
const WHY_PAST_SIDECAR = "it dials the pod's own address, which its sidecar passes on as it is"

/** What the client sends. */
export function sentSide(view: View<'ConfigMap'>, { client, destination, connection }: CallResult): Side {
  const { sent, server } = connection
  const isPast = sent.reason === 'no-proxy' && tlsModeOf(client) === 'istio'
  return {
    what: SENT[sent.send],
    why: isPast ? WHY_PAST_SIDECAR : WHY_SENT[sent.reason],
    decidedBy: sentBy(view, sent, client, destination, server.workload)
  }
}

function sentBy(
  view: View<'ConfigMap'>,
  sent: ClientSide,
  client: Workload,
  destination: CallResult['destination'],
  server: Workload
): readonly Decider[] {
  switch (sent.reason) {
    case 'no-proxy':
      return decidedIn(client.namespace === '' ? undefined : podRef(client), 'spec.containers')
    case 'auto-mtls-off':
      return decidedIn(findMeshConfig(view), 'data.mesh')
    case 'headless-mixed':
      return destination.headless
        ? decidedIn(toServiceRef(destination.host), 'spec.clusterIP')
        : decidedIn(sent.rule, 'spec.trafficPolicy.loadBalancer')
    case 'endpoint-without-tls-mode':
    case 'auto-mtls':
      return decidedIn(podRef(server), `metadata.labels[${TLS_MODE_LABEL}]`)
    default:
      return [clientTlsSource(sent, destination)]
  }
}

const TAKEN: Readonly<Record<MtlsMode, string>> = {
  STRICT: 'mesh mTLS alone',
  PERMISSIVE: 'mesh mTLS and plaintext',
  DISABLE: 'plaintext alone'
}
const CHAIN_TAKES: Readonly<Record<NonNullable<Chain['tls']>, string>> = {
  ISTIO_MUTUAL: 'mesh mTLS alone',
  MUTUAL: 'TLS with a client certificate',
  OPTIONAL_MUTUAL: 'TLS, with a client certificate or without',
  SIMPLE: 'TLS',
  PASSTHROUGH: 'TLS, and passes it on',
  AUTO_PASSTHROUGH: 'TLS, and passes it on'
}

/** What the server takes. */
export function takenSide({ server, outcome }: Connection): Side {
  switch (server.at) {
    case 'application':
      return {
        what: 'plaintext alone, without a sidecar',
        why: 'the pod has no sidecar',
        decidedBy: decidedIn(podRef(server.workload), 'spec.containers')
      }
    case 'sidecar': {
      const { mode, by } = server.mtls
      return by === undefined
        ? { what: TAKEN[mode], why: "Istio's default", decidedBy: [] }
        : { what: TAKEN[mode], why: mode, decidedBy: decidedIn(by, peerField(by, server.port, mode)) }
    }
    case 'gateway': {
      const chain = chainOf(outcome)
      if (chain === undefined) {
        const what = `nothing on port ${server.port}`
        return { what, why: 'no Gateway serves it', decidedBy: decidedIn(podRef(server.workload), 'metadata.labels') }
      }
      return server.listener?.rejected === true
        ? { ...chainSide(chain), what: 'nothing, for two servers match alike', why: 'Envoy refuses the port' }
        : chainSide(chain)
    }
  }
}

/** The chain that took the connection, or that refused it; none where nothing listens. */
function chainOf(outcome: Connection['outcome']): Chain | undefined {
  if (outcome.is === 'open') return outcome.chain
  const { at } = outcome.refusal
  return typeof at === 'object' && 'servers' in at ? at : undefined
}

function chainSide({ servers, tls, serverNames }: Chain): Side {
  const [first] = servers
  const names = serverNames.length === 0 ? '' : `, for ${serverNames.join(', ')}`
  return {
    what: `${tls === undefined ? 'plain HTTP' : CHAIN_TAKES[tls]}${names}`,
    why: tls ?? first.server.port.protocol,
    decidedBy: decidedIn(first.gateway, serverField(first, tls === undefined ? 'port.protocol' : 'tls.mode'))
  }
}

/** Only a policy with a selector sets ports. */
function peerField({ spec }: PeerAuthentication, port: number, mode: MtlsMode): string {
  const own = hasWorkloadSelector(spec.selector) ? spec.portLevelMtls[port]?.mode : undefined
  return own === mode ? `spec.portLevelMtls[${port}].mode` : 'spec.mtls.mode'
}

function decidedIn(object: Ref | undefined, field: string): readonly Decider[] {
  return object === undefined ? [] : [{ object: toRef(object), field }]
}

function podRef({ namespace, name }: Workload): Ref {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name }
}
