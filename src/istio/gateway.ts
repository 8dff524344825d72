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

/** A server with the Gateway it stands in; several Gateways may share a port. */
export interface ServerOf {
  readonly gateway: Gateway
  readonly server: GatewayServer
}

/** One way into a listener: for these server names (all, when there are none), with or without TLS. */
export interface Chain {
  readonly servers: readonly [ServerOf, ...ServerOf[]]
  /** Absent: plain HTTP. */
  readonly tls: ServerTlsMode | undefined
  /** What the client's SNI must match; empty: anything, and no SNI at all. */
  readonly serverNames: readonly string[]
}

/** What a gateway pod listens with on one port. */
export interface Listener {
  readonly port: number
  readonly chains: readonly [Chain, ...Chain[]]
  /**
   * Duplicate filter chain match: Envoy rejects the listener. A running gateway keeps its last good one, a fresh pod has none.
   */
  readonly rejected: boolean
}

/** Presence counts, not the value. */
export const DISABLE_PORT_TRANSLATION_LABEL = 'experimental.istio.io/disable-gateway-port-translation'

interface ServerGroup {
  readonly protocol: string
  readonly bind: string
  readonly servers: [ServerOf, ...ServerOf[]]
}

/** Is the Gateway object meant for this gateway pod? Without selector it is meant for all. */
export function appliesTo({ spec }: Gateway, workload: Workload): boolean {
  return hasLabels(workload.labels, spec.selector)
}

/**
 * The listener of a gateway pod on a port of the pod: all Gateways that select the pod, merged oldest first.
 * PeerAuthentication has no say here.
 * @see istio pilot/pkg/model/gateway.go (mergeGateways), pilot/pkg/networking/core/gateway.go (buildGatewayListeners)
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
 * Where a Gateway's port is listened on: the number is first taken for a Service's port, of the oldest Service
 * that leads to the pod, and only then for the pod's own.
 * @see istio pilot/pkg/model/gateway.go (resolvePorts)
 */
export function resolvePort(targets: readonly ServiceTarget[], number: number): number {
  return translations(targets).get(number) ?? number
}

/** By number: there may be many Services, and many servers that ask. */
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

/** Adds a server to those of its port, or leaves it out without a word, as Istio does. */
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
  // What is not HTTP in the end needs routes of its own (tls or tcp), which KServe and Knative never make.
  return servers.flatMap(entry => {
    const { server } = entry
    const mode = server.tls?.mode
    if (mode === undefined || !isTerminatingHttps(server)) return []
    const names = [...new Set(server.hosts.map(toDnsName))].sort()
    return [{ servers: [entry], tls: mode, serverNames: names.includes('*') ? [] : names }]
  })
}

/** Without the namespace that a server's host may name. */
const toDnsName = (host: string) => host.slice(host.indexOf('/') + 1)

/**
 * Does the chain have a route for the host, when one is bound to these Gateways (`namespace/name`)? A server takes
 * over only those hosts of a VirtualService that its own hosts cover.
 */
export function hasRoute({ servers }: Chain, boundTo: readonly string[], host: string): boolean {
  return servers.some(
    ({ gateway, server }) =>
      boundTo.includes(`${gateway.namespace}/${gateway.name}`) &&
      server.tls?.httpsRedirect !== true &&
      server.hosts.some(pattern => coversHost(toDnsName(pattern), host))
  )
}

/** The chain that takes a TLS connection: the most specific server name, else the one that takes any. */
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

/** The chain that takes a connection without TLS: one that asks for no server name. */
export function chainForPlaintext({ chains }: Listener): Chain | undefined {
  return chains.find(({ serverNames }) => serverNames.length === 0)
}

/** A server of this port and bind that claims one of the hosts already is left out whole. */
function isDuplicate({ tls, hosts, bind = '' }: GatewayServer, known: Map<string, string>): boolean {
  if (tls === undefined) return false
  if (hosts.some(host => known.get(host) === bind)) return true
  for (const host of hosts) known.set(host, bind)
  return false
}

/** `./host` means the Gateway's own namespace, and every namespace is the default. */
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

/** HTTP with `tls` is a redirect, and plain all the same. */
function isTls(server: GatewayServer): boolean {
  return server.tls !== undefined && !isHttp(server.port.protocol)
}

/** Mode absent means PASSTHROUGH: then certificates and HTTP routes are ignored. */
function isTerminatingHttps({ tls, port }: GatewayServer): boolean {
  const passes = tls?.mode === undefined || tls.mode === 'PASSTHROUGH' || tls.mode === 'AUTO_PASSTHROUGH'
  return port.protocol.toUpperCase() === 'HTTPS' && !passes
}
