import type { ClientSide, Destination } from '../../istio/client.ts'
import type { ApplicationServer, SidecarServer, ZtunnelServer } from '../../istio/server.ts'
import { toServiceRef } from '../../request/service-resolution.ts'
import { nameOf } from '../../state/resource.ts'
import type { View } from '../../state/snapshot.ts'
import type { Workload } from '../../state/workload.ts'
import type { Labels } from '../../text/selector.ts'
import { clientDestinationRule } from './client-destination-rule.ts'
import { plaintextPorts } from './plaintext-ports.ts'
import type { Fix, Manifest } from './rule.ts'

/** What makes a sidecar forward TLS to an application that serves it; absent if it does, or if there is no sidecar. */
export function admitTls(
  server: ApplicationServer | SidecarServer | ZtunnelServer,
  destination: Destination
): Fix | undefined {
  if (server.at !== 'sidecar') return undefined
  const { protocol, mtls, port } = server
  if (protocol === 'http') {
    return {
      text: `Name the port of ${nameOf(toServiceRef(destination.host))} https: on HTTP ports sidecars forward no TLS`
    }
  }
  if (mtls.mode !== 'STRICT') return undefined
  return {
    text: `Exempt port ${port} of the pods from STRICT: only then their sidecars forward TLS to the application`,
    apply: plaintextPorts(server, mtls.by)
  }
}

/** Labels by which gateways are selected, and that do not change with each rollout. */
const GATEWAY_LABELS = ['istio', 'app', 'gateway.networking.k8s.io/gateway-name']

/**
 * The DestinationRule with which clients send TLS to an application. If none applies yet, it is for the gateway alone:
 * other callers can use HTTPS themselves, and TLS of their sidecars would come on top.
 */
export function originateTls(
  view: View<'ConfigMap'>,
  { proxy, namespace, labels }: Workload,
  sent: ClientSide,
  destination: Destination
): Manifest {
  const workloadSelector = { matchLabels: pick(labels, GATEWAY_LABELS) }
  const scope = proxy === 'gateway' ? { namespace, workloadSelector } : undefined
  return clientDestinationRule(view, sent, destination, 'SIMPLE', scope)
}

const pick = (labels: Labels, keys: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => keys.includes(key)))
