import { type ClientKinds, type ClientSide, clientSide, type Destination } from './client.ts'
import { type Chain, chainForPlaintext, chainForSni, type Listener, type ServerTlsMode } from './gateway.ts'
import { getOrAdd } from './map.ts'
import { rememberIn } from './memoize.ts'
import { meshOf } from './mesh.ts'
import type { PeerAuthentication } from './peer-authentication.ts'
import { type ServerKinds, type ServerSide, serverSide } from './server.ts'
import type { Endpoint } from './service.ts'
import type { View } from './snapshot.ts'
import { identityOf, type Workload } from './workload.ts'

/** Why a connection does not come about, with what decided it on the server's side. */
interface Refusals {
  'mtls-to-plain-listener': Chain | PeerAuthentication
  'plaintext-to-mtls-listener': Chain
  'sni-not-served': Chain
  'listener-rejected': Chain
  /** The pod's port. */
  'no-listener': number
  'certificate-refused': Chain | undefined
  'certificate-unknown': Chain | undefined
  'plaintext-to-strict-workload': PeerAuthentication
  'mtls-to-workload-without-sidecar': undefined
  'foreign-tls-to-sidecar': undefined
}

export type ConnectionCause = keyof Refusals
export type Refusal = { [C in ConnectionCause]: { readonly cause: C; readonly at: Refusals[C] } }[ConnectionCause]

/** The two sides of a connection, and what becomes of it. */
export interface Connection {
  readonly sent: ClientSide
  readonly server: ServerSide
  readonly outcome: Outcome
}

export type Outcome =
  | {
      readonly is: 'open'
      /** Who the server sees: absent over plaintext. */
      readonly identity: string | undefined
      /** The chain of a gateway that takes the connection. */
      readonly chain: Chain | undefined
    }
  | { readonly is: 'cut'; readonly refusal: Refusal }

export type HopKinds = ClientKinds | ServerKinds

/** What becomes of a connection from a client to one endpoint of a destination. */
export function connect(
  view: View<HopKinds>,
  client: Workload,
  destination: Destination,
  endpoint: Endpoint
): Connection {
  const byEndpoint = getOrAdd(connections(view, destination), client, (): Map<Endpoint, Connection> => new Map())
  return getOrAdd(byEndpoint, endpoint, () => makeConnection(view, client, destination, endpoint))
}

/** Many paths to a destination share their last hops. */
const connections = rememberIn(
  (_view: View<HopKinds>, _destination: Destination) => new Map<Workload, Map<Endpoint, Connection>>()
)

function makeConnection(
  view: View<HopKinds>,
  client: Workload,
  destination: Destination,
  endpoint: Endpoint
): Connection {
  const sent = clientSide(view, client, destination, endpoint)
  const server = serverSide(view, endpoint)
  const { trustDomain } = meshOf(view)
  const refused = sent.accepts.length > 0 && !sent.accepts.includes(identityOf(endpoint.workload, trustDomain))
  return { sent, server, outcome: join(sent, server, identityOf(client, trustDomain), refused) }
}

/** What becomes of a connection from a caller outside the mesh, who has no certificate of it. */
export function connectPlainly(view: View<ServerKinds>, sent: ClientSide, endpoint: Endpoint): Connection {
  const server = serverSide(view, endpoint)
  return { sent, server, outcome: join(sent, server, undefined, false) }
}

/**
 * @param refused whether the client does not accept the server's mesh identity
 * @see istio pilot/pkg/networking/core/filterchain_options.go (getFilterChainMatchOptions) for sidecars
 */
function join(sent: ClientSide, server: ServerSide, identity: string | undefined, refused: boolean): Outcome {
  if (server.at === 'gateway') {
    const { listener } = server
    return listener === undefined
      ? cut({ cause: 'no-listener', at: server.port })
      : joinGateway(sent, listener, identity, refused)
  }
  if (server.at === 'application') {
    return sent.send === 'plaintext' ? open() : cut({ cause: 'mtls-to-workload-without-sidecar', at: undefined })
  }
  const { mtls } = server
  switch (sent.send) {
    case 'plaintext':
      return mtls.mode === 'STRICT' ? cut({ cause: 'plaintext-to-strict-workload', at: mtls.by }) : open()
    case 'istio-mtls':
      if (mtls.mode === 'DISABLE') return cut({ cause: 'mtls-to-plain-listener', at: mtls.by })
      return refused ? cut({ cause: 'certificate-refused', at: undefined }) : open(identity)
    case 'tls':
      return cut({ cause: 'foreign-tls-to-sidecar', at: undefined })
    case 'mutual-tls':
      // Only the holder of the files knows whether they are the mesh's own; then it works against STRICT alone.
      return cut({ cause: mtls.mode === 'STRICT' ? 'certificate-unknown' : 'foreign-tls-to-sidecar', at: undefined })
  }
}

function joinGateway(sent: ClientSide, listener: Listener, identity: string | undefined, refused: boolean): Outcome {
  const [first] = listener.chains
  if (listener.rejected) return cut({ cause: 'listener-rejected', at: first })
  if (sent.send === 'plaintext') {
    const chain = chainForPlaintext(listener)
    const isPlain = chain !== undefined && chain.tls === undefined
    return isPlain ? open(undefined, chain) : cut({ cause: 'plaintext-to-mtls-listener', at: chain ?? first })
  }
  const { send, sni } = sent
  const chain = chainForSni(listener, sni)
  if (chain === undefined) return cut({ cause: 'sni-not-served', at: first })
  if (chain.tls === undefined) return cut({ cause: 'mtls-to-plain-listener', at: chain })
  if (agree(send, chain.tls) && !refused) return open(send === 'istio-mtls' ? identity : undefined, chain)
  const unknown = send === 'mutual-tls' && chain.tls === 'ISTIO_MUTUAL'
  return cut({ cause: unknown ? 'certificate-unknown' : 'certificate-refused', at: chain })
}

/** Do client and server take each other's certificates? Those named by file or credential are not looked at. */
function agree(send: 'istio-mtls' | 'tls' | 'mutual-tls', tls: ServerTlsMode): boolean {
  if (send === 'istio-mtls' || tls === 'ISTIO_MUTUAL') return send === 'istio-mtls' && tls === 'ISTIO_MUTUAL'
  return send === 'mutual-tls' || tls !== 'MUTUAL'
}

const open = (identity?: string, chain?: Chain): Outcome => ({ is: 'open', identity, chain })
const cut = (refusal: Refusal): Outcome => ({ is: 'cut', refusal })
