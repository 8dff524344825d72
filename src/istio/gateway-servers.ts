import { type ServiceTarget, targetsOf } from '../kubernetes/service.ts'
import { sortByCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { hasLabels } from '../text/selector.ts'

export type Gateway = ResourceOf<'Gateway'>
export type GatewayServer = Gateway['spec']['servers'][number]
export type ServerTlsMode = NonNullable<NonNullable<GatewayServer['tls']>['mode']>

/** Server with its Gateway; several Gateways can share a port. */
export interface ServerOf {
  readonly gateway: Gateway
  readonly server: GatewayServer
}

/** Takes effect if it is present, whatever its value. */
export const DISABLE_PORT_TRANSLATION_LABEL = 'experimental.istio.io/disable-gateway-port-translation'

export type GatewayKinds = 'Gateway' | 'Service' | 'Pod' | 'EndpointSlice'

export interface ServerGroup {
  readonly protocol: string
  readonly bind: string
  readonly servers: [ServerOf, ...ServerOf[]]
}

/** True if the Gateway selects this gateway pod; without selector it selects all. */
export function appliesTo({ spec }: Gateway, workload: Workload): boolean {
  return hasLabels(workload.labels, spec.selector)
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

/** The server because of which Istio drops another one silently. */
export interface DroppedServer {
  readonly by: ServerOf
  /** Absent: the protocols cannot share the port. */
  readonly host: string | undefined
}

/** Servers of all Gateways on a port of a gateway pod. */
interface MergedServers {
  /** Servers that have an effect, by protocol and bind. */
  readonly groups: Map<string, ServerGroup>
  /** The newest group without TLS. */
  plaintext?: ServerGroup
  /** The others, by the port of their Gateway object. */
  readonly dropped: Map<GatewayServer['port'], DroppedServer>
  /** TLS servers by host and bind. */
  readonly tlsHosts: Map<string, ServerOf>
}

/**
 * Servers by the port of a gateway pod that they listen on.
 * @see istio 1.31 pilot/pkg/model/gateway.go (mergeGateways)
 */
export function mergedServers(view: View<GatewayKinds>, workload: Workload): ReadonlyMap<number, MergedServers> {
  return mergedAmong(view.list('Gateway'))(targetsOf(view, workload))(workload)
}

/** By Gateways, by Service ports that target the workload, and by workload: the views of one state have the same. */
const mergedAmong = memoize((gateways: readonly Gateway[]) =>
  memoize((targets: readonly ServiceTarget[]) =>
    memoize((workload: Workload): ReadonlyMap<number, MergedServers> => {
      const byPort = new Map<number, MergedServers>()
      for (const gateway of sortByCreationTime(gateways).filter(one => appliesTo(one, workload))) {
        for (const entry of entriesOf(gateway)) {
          const { server } = entry
          const merged = getOrAdd(byPort, resolvePort(targets, server.port.number), noServers)
          const duplicate = findDuplicate(entry, merged.tlsHosts)
          const by = duplicate?.by ?? merge(merged, entry)
          if (by !== undefined) merged.dropped.set(server.port, { by, host: duplicate?.host })
        }
      }
      return byPort
    })
  )
)

const entriesOf = memoize((gateway: Gateway): readonly ServerOf[] =>
  gateway.spec.servers.map(server => ({ gateway, server: withNamespace(server, gateway.namespace) }))
)

const noServers = (): MergedServers => ({ groups: new Map(), dropped: new Map(), tlsHosts: new Map() })

/** Adds a server to the group of its port. @returns the server because of which Istio drops it, if it does */
function merge(merged: MergedServers, entry: ServerOf): ServerOf | undefined {
  const { port, bind = '' } = entry.server
  const { groups, plaintext } = merged
  const shared = plaintext?.bind === bind
  if (shared && !(isHttp(plaintext.protocol) && isHttp(port.protocol))) return plaintext.servers[0]
  const key = `${port.protocol} ${bind}`
  const group = shared ? plaintext : groups.get(key)
  if (group !== undefined) {
    group.servers.push(entry)
    return undefined
  }
  const added: ServerGroup = { protocol: port.protocol, bind, servers: [entry] }
  groups.set(key, added)
  if (!isTls(entry.server)) merged.plaintext = added
  return undefined
}

/** A TLS server of the same port and bind that already has one of the hosts; Istio drops the whole server. */
function findDuplicate(
  entry: ServerOf,
  known: Map<string, ServerOf>
): { readonly by: ServerOf; readonly host: string } | undefined {
  const { tls, hosts, bind = '' } = entry.server
  if (tls === undefined) return undefined
  for (const host of hosts) {
    const by = known.get(host)
    if (by !== undefined && (by.server.bind ?? '') === bind) return { by, host }
  }
  for (const host of hosts) known.set(host, entry)
  return undefined
}

/** Resolves `./host` to the Gateway's own namespace, and drops the default, every namespace. */
function withNamespace(server: GatewayServer, namespace: string): GatewayServer {
  const hosts = server.hosts.map(host => {
    if (host.startsWith('./')) return `${namespace}/${host.slice(2)}`
    return host.startsWith('*/') ? host.slice(2) : host
  })
  return { ...server, hosts: hosts.includes('*') && server.hosts.includes('*/*') ? ['*'] : hosts }
}

export function isHttp(protocol: string): boolean {
  return ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY'].includes(protocol.toUpperCase())
}

/** False for HTTP with `tls`, which is a plaintext listener that redirects. */
function isTls(server: GatewayServer): boolean {
  return server.tls !== undefined && !isHttp(server.port.protocol)
}
