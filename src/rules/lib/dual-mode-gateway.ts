import type { ServerOf } from '../../istio/gateway-servers.ts'
import { getOrAdd } from '../../state/map.ts'
import { memoize } from '../../state/memoize.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

/**
 * The Gateway with one port that accepts both mTLS and plaintext HTTP, so that clients can migrate one by one.
 * The mTLS server comes first and has narrower hosts: in the other order Istio ignores one of them, and with `*` twice
 * Envoy rejects the listener. Verified with Istio 1.31 and Envoy 1.40.
 */
export function dualModeGateway(entry: ServerOf, clusterDomain: string): Manifest {
  return getOrAdd(manifests(entry.server), clusterDomain, () => toDualMode(entry, clusterDomain))
}

/** Memoized: one listener can block the paths of all models, and each finding needs the same fix. */
const manifests = memoize((_server: ServerOf['server']) => new Map<string, Manifest>())

function toDualMode({ gateway, server }: ServerOf, clusterDomain: string): Manifest {
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
  return updatedManifest(gateway, { spec: { selector: spec.selector, servers: [...rest, mesh, plain] } })
}
