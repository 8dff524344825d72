import { type ServiceTarget, targetsOf } from '../kubernetes/service.ts'
import { sortByCreationTime } from '../state/creation-order.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost } from '../text/host.ts'
import { hasLabels } from '../text/selector.ts'

export type Gateway = ResourceOf<'Gateway'>
export type GatewayServer = Gateway['spec']['servers'][number]
export type ServerTlsMode = NonNullable<NonNullable<GatewayServer['tls']>['mode']>

/** Server with its Gateway; several Gateways can share a port. */
export interface ServerOf {
  readonly gateway: Gateway
  readonly server: GatewayServer
}

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

/** Takes effect if it is present, whatever its value. */
export const DISABLE_PORT_TRANSLATION_LABEL = 'experimental.istio.io/disable-gateway-port-translation'

interface ServerGroup {
  readonly protocol: string
  readonly bind: string
  readonly servers: [ServerOf, ...ServerOf[]]
}

/** True if the Gateway selects this gateway pod; without selector it selects all. */
export function appliesTo({ spec }: Gateway, workload: Workload): boolean {
  return hasLabels(workload.labels, spec.selector)
}

/**
 * Listener of a gateway pod on a port of the pod: all Gateways that select the pod, merged oldest first. Gateways ignore
 * PeerAuthentication.
 * @see istio 1.31 pilot/pkg/model/gateway.go (mergeGateways),
 * pilot/pkg/networking/core/gateway.go (buildGatewayListeners)
 */
export function findListener(
  view: View<'Gateway' | 'Service' | 'Pod' | 'EndpointSlice'>,
  workload: Workload,
  port: number
): Listener | undefined {
  const [first, ...rest] = groupsOn(view, workload, port).flatMap(toChains)
  if (first === undefined) return undefined
  const chains = [first, ...rest] as const
  const names = chains.flatMap(({ serverNames }) => (serverNames.length === 0 ? [''] : serverNames))
  return { port, chains, rejected: new Set(names).size < names.length }
}

/**
 * Port of the pod that a Gateway's port number refers to: the target of that port of the oldest Service that selects the
 * pod, else the number itself.
 * @see istio 1.31 pilot/pkg/model/gateway.go (resolvePorts)
 */
export function resolvePort(targets: readonly ServiceTarget[], number: number): number {
  return translations(targets).get(number) ?? number
}

/** Target ports by Service port, indexed because there can be many Services and servers. */
const translations = memoize((targets: readonly ServiceTarget[]): ReadonlyMap<number, number> => {
  const numbers = new Map<number, number>()
  for (const { service, port, target } of targets) {
    if (!(DISABLE_PORT_TRANSLATION_LABEL in service.labels || numbers.has(port.port))) numbers.set(port.port, target)
  }
  return numbers
})

function groupsOn(
  view: View<'Gateway' | 'Service' | 'Pod' | 'EndpointSlice'>,
  workload: Workload,
  port: number
): readonly ServerGroup[] {
  const targets = targetsOf(view, workload)
  const groups: ServerGroup[] = []
  const tlsHosts = new Map<string, string>()
  for (const gateway of sortByCreationTime(view.list('Gateway'))) {
    if (!appliesTo(gateway, workload)) continue
    for (const server of gateway.spec.servers) {
      if (resolvePort(targets, server.port.number) !== port) continue
      const scoped = withNamespace(server, gateway.namespace)
      if (!isDuplicate(scoped, tlsHosts)) merge(groups, { gateway, server: scoped })
    }
  }
  return groups
}

/** Adds a server to the group of its port, or drops it silently, as Istio does. */
function merge(groups: ServerGroup[], entry: ServerOf): void {
  const { port, bind = '' } = entry.server
  const plain = groups.findLast(({ servers }) => !isTls(servers[0].server))
  if (plain?.bind === bind) {
    if (isHttp(plain.protocol) && isHttp(port.protocol)) plain.servers.push(entry)
    return
  }
  const same = groups.find(group => group.protocol === port.protocol && group.bind === bind)
  if (same !== undefined) same.servers.push(entry)
  else groups.push({ protocol: port.protocol, bind, servers: [entry] })
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

/**
 * True if the chain routes the host, given a VirtualService attached to these Gateways (`namespace/name`). A server uses
 * only those hosts of a VirtualService that its own hosts cover.
 */
export function hasRoute({ servers }: Chain, boundTo: readonly string[], host: string): boolean {
  return servers.some(
    ({ gateway, server }) =>
      boundTo.includes(`${gateway.namespace}/${gateway.name}`) &&
      server.tls?.httpsRedirect !== true &&
      server.hosts.some(pattern => coversHost(toDnsName(pattern), host))
  )
}

/** Chain that matches a TLS connection: the one with the most specific server name, else the one for any SNI. */
export function chainForSni({ chains }: Listener, sni: string): Chain | undefined {
  let best: { readonly chain: Chain; readonly length: number } | undefined
  for (const chain of chains) {
    const lengths = chain.serverNames.filter(name => coversHost(name, sni)).map(lengthOf)
    const length = chain.serverNames.length === 0 ? 0 : Math.max(-1, ...lengths)
    if (length > (best?.length ?? -1)) best = { chain, length }
  }
  return best?.chain
}

/** An exact name is more specific than any wildcard. */
const lengthOf = (name: string) => (name.startsWith('*') ? name.length : Number.POSITIVE_INFINITY)

/** Chain that matches a connection without TLS: the one without server names. */
export function chainForPlaintext({ chains }: Listener): Chain | undefined {
  return chains.find(({ serverNames }) => serverNames.length === 0)
}

/** True if a TLS server of the same port and bind already has one of the hosts; Istio drops the whole server. */
function isDuplicate({ tls, hosts, bind = '' }: GatewayServer, known: Map<string, string>): boolean {
  if (tls === undefined) return false
  if (hosts.some(host => known.get(host) === bind)) return true
  for (const host of hosts) known.set(host, bind)
  return false
}

/** Resolves `./host` to the Gateway's own namespace, and drops the default, every namespace. */
function withNamespace(server: GatewayServer, namespace: string): GatewayServer {
  const hosts = server.hosts.map(host => {
    if (host.startsWith('./')) return `${namespace}/${host.slice(2)}`
    return host.startsWith('*/') ? host.slice(2) : host
  })
  return { ...server, hosts: hosts.includes('*') && server.hosts.includes('*/*') ? ['*'] : hosts }
}

function isHttp(protocol: string): boolean {
  return ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY'].includes(protocol.toUpperCase())
}

/** False for HTTP with `tls`, which is a plaintext listener that redirects. */
function isTls(server: GatewayServer): boolean {
  return server.tls !== undefined && !isHttp(server.port.protocol)
}

/** False if the mode is absent, which means PASSTHROUGH: certificates and HTTP routes are ignored. */
function isTerminatingHttps({ tls, port }: GatewayServer): boolean {
  const passes = tls?.mode === undefined || tls.mode === 'PASSTHROUGH' || tls.mode === 'AUTO_PASSTHROUGH'
  return port.protocol.toUpperCase() === 'HTTPS' && !passes
}
