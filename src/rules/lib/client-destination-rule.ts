import type { ClientSide, Destination } from '../../istio/client.ts'
import type { TrafficPolicy } from '../../istio/destination-rule.ts'
import { meshOf } from '../../istio/mesh.ts'
import type { View } from '../../state/snapshot.ts'
import { toFullName } from '../../text/host.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

type Mode = 'DISABLE' | 'ISTIO_MUTUAL'

/**
 * The DestinationRule that sets the TLS mode of clients for one host: the effective one, if it is only for this host,
 * or a new one in its namespace, because an exact host takes precedence over a wildcard of the same namespace.
 * If auto mTLS is enough, a wildcard rule for cluster hosts only loses its `tls`.
 */
export function clientDestinationRule(
  view: View<'ConfigMap'>,
  { destinationRule: rule }: ClientSide,
  { host, namespace, port, endpoints }: Destination,
  mode: Mode
): Manifest {
  const { clusterDomain } = view.settings
  const ruled = rule && toFullName(rule.spec.host, rule.namespace, clusterDomain)
  const agrees = mode === 'ISTIO_MUTUAL' && meshOf(view).autoMtls && endpoints[0]?.workload.proxy === 'sidecar'
  const tls = ruled === host ? { mode } : undefined
  if (rule !== undefined && (tls !== undefined || (agrees && ruled?.endsWith(`.svc.${clusterDomain}`)))) {
    return updatedManifest(rule, { spec: { ...rule.spec, trafficPolicy: withTls(rule.spec.trafficPolicy, port, tls) } })
  }
  const name = host.split('.').slice(0, 2).join('-')
  // One without a selector would not apply to the same clients.
  const workloadSelector = rule?.spec.workloadSelector
  return {
    apiVersion: rule?.apiVersion ?? 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: {
      name: `${name}-${mode === 'DISABLE' ? 'plaintext' : 'mtls'}`,
      namespace: rule?.namespace ?? namespace
    },
    spec: { host, ...(workloadSelector && { workloadSelector }), trafficPolicy: { tls: { mode } } }
  }
}

function withTls(policy: TrafficPolicy, number: number, tls: { readonly mode: Mode } | undefined): object {
  const ports = policy?.portLevelSettings ?? []
  if (!ports.some(({ port }) => port?.number === number)) return { ...policy, tls }
  return { ...policy, portLevelSettings: ports.map(one => (one.port?.number === number ? { ...one, tls } : one)) }
}
