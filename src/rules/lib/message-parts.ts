import type { ClientSide, Destination } from '../../istio/client.ts'
import type { DestinationRule } from '../../istio/destination-rule.ts'
import type { Chain } from '../../istio/gateway.ts'
import type { ServerOf } from '../../istio/gateway-servers.ts'
import { GATEWAY_NAME } from '../../istio/policy-target.ts'
import { toServiceRef } from '../../request/service-resolution.ts'
import { nameOf, type Ref, toRef } from '../../state/resource.ts'
import type { Workload } from '../../state/workload.ts'

/** Short name of the client, for messages. */
export function clientName({ proxy, namespace, labels, captured }: Workload): string {
  if (proxy === 'waypoint') return `waypoint ${namespace}/${labels[GATEWAY_NAME]}`
  if (proxy === 'gateway') return `${namespace} gateways`
  const app = labels['app']
  if (app === 'activator' || app === 'autoscaler') return `${app} pods`
  if (proxy === 'none' && captured === true) return `ambient pods in ${namespace}`
  if (proxy === 'none') return 'callers without a sidecar'
  return namespace === '' ? 'sidecars' : `sidecars in ${namespace}`
}

/** Kind of TLS that the client sends, for messages. */
export function sentName({ send }: ClientSide): string {
  return send === 'istio-mtls' ? 'mTLS' : 'non-Istio TLS'
}

/** Service host without the cluster domain: `name.namespace`. */
export function hostName({ host }: Pick<Destination, 'host'>): string {
  return host.split('.svc.', 1).join('')
}

/** `Gateway namespace/name:port`, with the port of the Gateway object; the pod port can differ. */
export function portName({ servers }: Chain): string {
  const [{ gateway, server }] = servers
  return `${nameOf(gateway)}:${server.port.number}`
}

/** Path of a server field in its Gateway. */
export function serverField({ gateway, server }: ServerOf, field: string): string {
  const i = gateway.spec.servers.findIndex(({ port }) => port === server.port)
  return `spec.servers[${i}].${field}`
}

/**
 * The object and field that configure the TLS of the client.
 *
 * @param otherwise source to report if no object configures it; by default the destination Service
 */
export function clientTlsSource(
  sent: ClientSide,
  destination: Destination,
  otherwise: ConfigSource = { object: toServiceRef(destination.host), field: 'spec.ports' }
): ConfigSource {
  switch (sent.reason) {
    case 'destination-rule':
    case 'credential-ignored':
      return { object: toRef(sent.destinationRule), field: tlsField(sent.destinationRule, destination) }
    case 'peer-disabled':
      return { object: toRef(sent.policy), field: 'spec.mtls.mode' }
    default:
      return otherwise
  }
}

/** Field of an object. */
interface ConfigSource {
  readonly object: Ref
  readonly field: string
}

/** Field of a DestinationRule that sets the TLS for a port. */
function tlsField({ spec }: DestinationRule, { port }: Destination): string {
  if (spec.trafficPolicy === undefined) return 'spec.subsets'
  const i = spec.trafficPolicy.portLevelSettings.findIndex(entry => entry.port?.number === port)
  return i < 0 ? 'spec.trafficPolicy.tls.mode' : `spec.trafficPolicy.portLevelSettings[${i}].tls.mode`
}
