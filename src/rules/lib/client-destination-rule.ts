import type { ClientSide, Destination } from '../../istio/client.ts'
import type { TrafficPolicy } from '../../istio/destination-rule.ts'
import { meshOf } from '../../istio/mesh.ts'
import type { View } from '../../state/snapshot.ts'
import { toFullName } from '../../text/host.ts'
import type { Labels } from '../../text/selector.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

type Mode = 'DISABLE' | 'ISTIO_MUTUAL' | 'SIMPLE'

const SUFFIXES: Readonly<Record<Mode, string>> = { DISABLE: 'plaintext', ISTIO_MUTUAL: 'mtls', SIMPLE: 'tls' }

/** Namespace and clients of a new DestinationRule. */
interface Scope {
  readonly namespace: string
  readonly workloadSelector: { readonly matchLabels: Labels } | undefined
}

/**
 * The DestinationRule that sets the TLS mode of clients for one host: the effective one, if it is only for this host,
 * or a new one in its namespace, because an exact host takes precedence over a wildcard of the same namespace.
 * If auto mTLS is enough, a wildcard rule for cluster hosts only loses its `tls`. The CA of an application is not known,
 * so mode SIMPLE does not verify its certificate.
 *
 * @param scope if no DestinationRule applies; by default all clients
 */
export function clientDestinationRule(
  view: View<'ConfigMap'>,
  { destinationRule: rule }: ClientSide,
  { host, namespace, port, endpoints }: Destination,
  mode: Mode,
  scope: Scope = { namespace, workloadSelector: undefined }
): Manifest {
  const { clusterDomain } = view.settings
  const ruled = rule && toFullName(rule.spec.host, rule.namespace, clusterDomain)
  const agrees = mode === 'ISTIO_MUTUAL' && meshOf(view).autoMtls && endpoints[0]?.workload.proxy === 'sidecar'
  const settings = mode === 'SIMPLE' ? { mode, insecureSkipVerify: true } : { mode }
  const tls = ruled === host ? settings : undefined
  if (rule !== undefined && (tls !== undefined || (agrees && ruled?.endsWith(`.svc.${clusterDomain}`)))) {
    return updatedManifest(rule, { spec: { ...rule.spec, trafficPolicy: withTls(rule.spec.trafficPolicy, port, tls) } })
  }
  const name = host.split('.').slice(0, 2).join('-')
  // One without a selector would not apply to the same clients.
  const { namespace: own, workloadSelector } = rule === undefined ? scope : { ...rule, ...rule.spec }
  return {
    apiVersion: rule?.apiVersion ?? 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: {
      name: `${name}-${SUFFIXES[mode]}`,
      namespace: own
    },
    spec: { host, ...(workloadSelector && { workloadSelector }), trafficPolicy: { tls: settings } }
  }
}

function withTls(policy: TrafficPolicy, number: number, tls: object | undefined): object {
  const ports = policy?.portLevelSettings ?? []
  if (!ports.some(({ port }) => port?.number === number)) return { ...policy, tls }
  return { ...policy, portLevelSettings: ports.map(one => (one.port?.number === number ? { ...one, tls } : one)) }
}
