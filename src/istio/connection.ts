import type { Endpoint } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import { type ClientKinds, type ClientSide, clientSide, type Destination } from './client.ts'
import { type Chain, chainForPlaintext, chainForSni, type Listener, type ServerTlsMode } from './gateway.ts'
import { meshOf } from './mesh.ts'
import type { PeerAuthentication } from './peer-authentication.ts'
import { type ServerKinds, type ServerSide, serverSide } from './server.ts'

/** Failure causes of a connection, with the server configuration that causes them. */
interface ConnectionRefusals {
  'mtls-to-plain-listener': Chain | PeerAuthentication
  'plaintext-to-mtls-listener': Chain
  'sni-not-served': Chain
  'listener-rejected': Chain
  /** Port of the pod. */
  'no-listener': number
  'certificate-refused': Chain | undefined
  'certificate-unknown': Chain | undefined
  'plaintext-to-strict-workload': PeerAuthentication
  'mtls-to-workload-without-sidecar': undefined
  'foreign-tls-to-sidecar': undefined
}

export type ConnectionFailureCause = keyof ConnectionRefusals
export type ConnectionRefused = {
  [C in ConnectionFailureCause]: { readonly cause: C; readonly at: ConnectionRefusals[C] }
}[ConnectionFailureCause]

/** Both sides of a connection, and its outcome. */
export interface Connection {
  readonly sent: ClientSide
  readonly server: ServerSide
  readonly outcome: ConnectionOutcome
}

export type ConnectionOutcome =
  | {
      readonly is: 'open'
      /** Peer identity; absent over plaintext. */
      readonly identity: string | undefined
      /** Filter chain of a gateway that accepts the connection. */
      readonly chain: Chain | undefined
    }
  | { readonly is: 'refused'; readonly refusal: ConnectionRefused }

export type ConnectionKinds = ClientKinds | ServerKinds

/** Evaluates a connection from a client to one endpoint of a destination. */
export function connect(
  view: View<ConnectionKinds>,
  client: Workload,
  destination: Destination,
  endpoint: Endpoint
): Connection {
  const byEndpoint = getOrAdd(connections(view, destination), client, (): Map<Endpoint, Connection> => new Map())
  return getOrAdd(byEndpoint, endpoint, () => makeConnection(view, client, destination, endpoint))
}

/** Many paths to a destination share their last hops. */
const connections = memoizeInView(
  (_view: View<ConnectionKinds>, _destination: Destination) => new Map<Workload, Map<Endpoint, Connection>>()
)

function makeConnection(
  view: View<ConnectionKinds>,
  client: Workload,
  destination: Destination,
  endpoint: Endpoint
): Connection {
  const sent = clientSide(view, client, destination, endpoint)
  const server = serverSide(view, endpoint)
  const identity = (workload: Workload) => identityOf(workload, meshOf(view, workload).trustDomain)
  const rejectsServer = sent.accepts.length > 0 && !sent.accepts.includes(identity(endpoint.workload))
  return { sent, server, outcome: matchTls(sent, server, identity(client), rejectsServer) }
}

/** Evaluates a connection from a client without an Istio workload certificate. */
export function connectPlaintext(view: View<ServerKinds>, sent: ClientSide, endpoint: Endpoint): Connection {
  const server = serverSide(view, endpoint)
  return { sent, server, outcome: matchTls(sent, server, undefined, false) }
}

/**
 * @param rejectsServer true if the client does not accept the server's mesh identity
 * @see istio 1.31 pilot/pkg/networking/core/filterchain_options.go (getFilterChainMatchOptions) for sidecars
 */
function matchTls(
  sent: ClientSide,
  server: ServerSide,
  identity: string | undefined,
  rejectsServer: boolean
): ConnectionOutcome {
  if (server.at === 'gateway') {
    const { listener } = server
    return listener === undefined
      ? refuse({ cause: 'no-listener', at: server.port })
      : matchGatewayTls(sent, listener, identity, rejectsServer)
  }
  if (server.at === 'application') {
    return sent.send === 'plaintext' ? open() : refuse({ cause: 'mtls-to-workload-without-sidecar', at: undefined })
  }
  const { mtls } = server
  switch (sent.send) {
    case 'plaintext':
      return mtls.mode === 'STRICT' ? refuse({ cause: 'plaintext-to-strict-workload', at: mtls.by }) : open()
    case 'istio-mtls':
      if (mtls.mode === 'DISABLE') return refuse({ cause: 'mtls-to-plain-listener', at: mtls.by })
      return rejectsServer ? refuse({ cause: 'certificate-refused', at: undefined }) : open(identity)
    case 'tls':
      return refuse({ cause: 'foreign-tls-to-sidecar', at: undefined })
    case 'mutual-tls':
      // The files may contain Istio workload certificates, which only a STRICT server accepts.
      return refuse({
        cause: mtls.mode === 'STRICT' ? 'certificate-unknown' : 'foreign-tls-to-sidecar',
        at: undefined
      })
  }
}

function matchGatewayTls(
  sent: ClientSide,
  listener: Listener,
  identity: string | undefined,
  rejectsServer: boolean
): ConnectionOutcome {
  const [first] = listener.chains
  if (listener.rejected) return refuse({ cause: 'listener-rejected', at: first })
  if (sent.send === 'plaintext') {
    const chain = chainForPlaintext(listener)
    const isPlain = chain !== undefined && chain.tls === undefined
    return isPlain ? open(undefined, chain) : refuse({ cause: 'plaintext-to-mtls-listener', at: chain ?? first })
  }
  const { send, sni } = sent
  const chain = chainForSni(listener, sni)
  if (chain === undefined) return refuse({ cause: 'sni-not-served', at: first })
  if (chain.tls === undefined) return refuse({ cause: 'mtls-to-plain-listener', at: chain })
  if (certificatesCompatible(send, chain.tls) && !rejectsServer)
    return open(send === 'istio-mtls' ? identity : undefined, chain)
  const unknown = send === 'mutual-tls' && chain.tls === 'ISTIO_MUTUAL'
  return refuse({ cause: unknown ? 'certificate-unknown' : 'certificate-refused', at: chain })
}

/** True if client and server accept each other's certificates. Certificates in files or credentials are not checked. */
function certificatesCompatible(send: 'istio-mtls' | 'tls' | 'mutual-tls', tls: ServerTlsMode): boolean {
  if (send === 'istio-mtls' || tls === 'ISTIO_MUTUAL') return send === 'istio-mtls' && tls === 'ISTIO_MUTUAL'
  return send === 'mutual-tls' || tls !== 'MUTUAL'
}

const open = (identity?: string, chain?: Chain): ConnectionOutcome => ({ is: 'open', identity, chain })
const refuse = (refusal: ConnectionRefused): ConnectionOutcome => ({ is: 'refused', refusal })
