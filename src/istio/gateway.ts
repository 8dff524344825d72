import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import {
  type GatewayKinds,
  type GatewayServer,
  isHttp,
  mergedServers,
  type ServerGroup,
  type ServerOf,
  type ServerTlsMode
} from './gateway-servers.ts'

/** Filter chain of a listener. */
export interface Chain {
  readonly servers: readonly [ServerOf, ...ServerOf[]]
  /** Absent: plaintext HTTP. */
  readonly tls: ServerTlsMode | undefined
  /** Server names that the client's SNI must match; empty: any SNI or none. */
  readonly serverNames: readonly string[]
}

/** Envoy listener of a gateway pod on one port. */
export interface Listener {
  readonly port: number
  readonly chains: readonly [Chain, ...Chain[]]
  /**
   * Duplicate filter chain match: Envoy rejects the listener. A running gateway keeps its last valid one, a new pod has
   * none.
   */
  readonly rejected: boolean
}

/**
 * Listener of a gateway pod on a port of the pod: all Gateways that select the pod, merged oldest first. Gateways ignore
 * PeerAuthentication.
 * @see istio 1.31 pilot/pkg/model/gateway.go (mergeGateways),
 * pilot/pkg/networking/core/gateway.go (buildGatewayListeners)
 */
export function findListener(view: View<GatewayKinds>, workload: Workload, port: number): Listener | undefined {
  const groups = mergedServers(view, workload).get(port)?.groups.values() ?? []
  const [first, ...rest] = [...groups].flatMap(toChains)
  if (first === undefined) return undefined
  const chains = [first, ...rest] as const
  const names = chains.flatMap(({ serverNames }) => (serverNames.length === 0 ? [''] : serverNames))
  return { port, chains, rejected: new Set(names).size < names.length }
}

function toChains({ protocol, servers }: ServerGroup): readonly Chain[] {
  if (isHttp(protocol)) return [{ servers, tls: undefined, serverNames: [] }]
  // Other protocols need tls or tcp routes, which KServe and Knative do not create.
  return servers.flatMap(entry => {
    const { server } = entry
    const mode = server.tls?.mode
    if (mode === undefined || !isTerminatingHttps(server)) return []
    const names = [...new Set(server.hosts.map(toDnsName))].sort()
    return [{ servers: [entry], tls: mode, serverNames: names.includes('*') ? [] : names }]
  })
}

/** Host of a server without its optional namespace prefix. */
const toDnsName = (host: string) => host.slice(host.indexOf('/') + 1)

/** False if the mode is absent, which means PASSTHROUGH: certificates and HTTP routes are ignored. */
function isTerminatingHttps({ tls, port }: GatewayServer): boolean {
  const passes = tls?.mode === undefined || tls.mode === 'PASSTHROUGH' || tls.mode === 'AUTO_PASSTHROUGH'
  return port.protocol.toUpperCase() === 'HTTPS' && !passes
}
