import type { ServerOf } from '../model/gateway.ts'
import { remember } from '../model/remember.ts'
import { getOrAdd } from '../model/shelf.ts'
import { rewrite } from './rewrite.ts'
import type { Manifest } from './rule.ts'

/**
 * The Gateway with one port made to serve both, so that clients can change over one by one: mesh mTLS by its server
 * names, then plain HTTP for all else. The order and the narrow hosts matter: the other way round, or with `*` twice,
 * Istio ignores the one or Envoy refuses both. Proven on Istio's code and with real Envoy packets.
 */
export function serveBoth(entry: ServerOf, clusterDomain: string): Manifest {
  return getOrAdd(written(entry.server), clusterDomain, () => write(entry, clusterDomain))
}

/** One listener may cut every model there is, and each asks for the same fix. */
const written = remember((_server: ServerOf['server']) => new Map<string, Manifest>())

function write({ gateway, server }: ServerOf, clusterDomain: string): Manifest {
  const { spec } = gateway
  const { number } = server.port
  const [own, rest] = [
    spec.servers.filter(({ port }) => port.number === number),
    spec.servers.filter(({ port }) => port.number !== number)
  ]
  const names = new Set(rest.map(({ port }) => port.name))
  const free = (wanted: string) => (names.has(wanted) ? `${wanted}-${number}` : wanted)
  const plain = own.find(({ tls }) => tls === undefined) ?? {
    hosts: ['*'],
    port: { name: free('http'), number, protocol: 'HTTP' }
  }
  const mesh = {
    hosts: [`*.svc.${clusterDomain}`],
    port: { name: free('https-mesh'), number, protocol: 'HTTPS' },
    tls: { mode: 'ISTIO_MUTUAL' }
  }
  return rewrite(gateway, { spec: { selector: spec.selector, servers: [...rest, mesh, plain] } })
}
