import { protocolAt } from '../kubernetes/port-protocol.ts'
import type { Endpoint } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import { type ClientKinds, type ClientSide, clientSide, type Destination, HBONE } from './client.ts'
import { type ConnectionOutcome, open, type Peer, refuse } from './connection-outcome.ts'
import { matchGatewayTls } from './gateway-tls.ts'
import { meshOf } from './mesh.ts'
import { type ServerKinds, type ServerSide, serverSide } from './server.ts'
import { matchApplicationTls, matchSidecarTls, matchZtunnelTls } from './workload-tls.ts'

/** Both sides of a connection, and its outcome. */
export interface Connection {
  readonly sent: ClientSide
  readonly server: ServerSide
  readonly outcome: ConnectionOutcome
}

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
  const identityFor = (workload: Workload) => identityOf(workload, meshOf(view, workload).trustDomain)
  const identity = identityFor(client)
  const rejectsServer = sent.accepts.length > 0 && !sent.accepts.includes(identityFor(endpoint.workload))
  const speaksTls = client.proxy !== 'gateway' && (client.proxy === 'none' || forwardsTls(view, destination))
  return { sent, server, outcome: matchTls(sent, server, { identity, rejectsServer, speaksTls }) }
}

/** True if sidecars of clients forward TLS of their applications. */
function forwardsTls(view: View<'Service'>, { host, port }: Destination): boolean {
  return protocolAt(view, host, port) !== 'http'
}

/** Evaluates a connection from a client without an Istio workload certificate. */
export function connectPlaintext(view: View<ServerKinds>, sent: ClientSide, endpoint: Endpoint): Connection {
  const server = serverSide(view, endpoint)
  const client = { identity: undefined, rejectsServer: false, speaksTls: true }
  return { sent, server, outcome: matchTls(sent, server, client) }
}

/** Connection of a captured pod, or of a gateway, to a waypoint, for requests to a destination. */
export function connectToWaypoint(
  view: View<ConnectionKinds>,
  client: Workload,
  waypoint: Workload,
  { host, port }: Destination
): Connection {
  const server: ServerSide = { at: 'waypoint', workload: waypoint, port, protocol: protocolAt(view, host, port) }
  const reason = client.proxy === 'none' ? 'ztunnel' : 'hbone'
  return {
    sent: { ...HBONE, reason, destinationRule: undefined },
    server,
    outcome: open(identityOf(client, meshOf(view, client).trustDomain))
  }
}

function matchTls(sent: ClientSide, server: ServerSide, client: Peer): ConnectionOutcome {
  switch (server.at) {
    case 'application':
      return matchApplicationTls(sent, server, client)
    case 'sidecar':
      return matchSidecarTls(sent, server, client)
    case 'ztunnel':
      return matchZtunnelTls(sent, server, client)
    case 'waypoint':
      return refuse({ cause: 'no-listener', at: server.port })
    case 'gateway': {
      const { listener, port } = server
      return listener === undefined
        ? refuse({ cause: 'no-listener', at: port })
        : matchGatewayTls(sent, listener, client)
    }
  }
}
