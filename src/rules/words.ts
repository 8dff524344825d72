import type { ClientSide, Destination } from '../model/client.ts'
import type { DestinationRule } from '../model/destination-rule.ts'
import type { Chain, ServerOf } from '../model/gateway.ts'
import { nameOf, type Ref, toRef } from '../model/resource.ts'
import { toServiceRef } from '../model/way.ts'
import type { Workload } from '../model/workload.ts'

/** Who sends, in a few words. */
export function clientName({ proxy, namespace, labels }: Workload): string {
  if (proxy === 'gateway') return `${namespace} gateways`
  const app = labels['app']
  if (app === 'activator' || app === 'autoscaler') return `${app} pods`
  if (proxy === 'none') return 'callers without a sidecar'
  return namespace === '' ? 'sidecars' : `sidecars in ${namespace}`
}

/** What is sent where plaintext would be taken, in a few words. */
export function sentName({ send }: ClientSide): string {
  return send === 'istio-mtls' ? 'mTLS' : 'foreign TLS'
}

/** A Service's host as people say it: `name.namespace`. */
export function hostName({ host }: Pick<Destination, 'host'>): string {
  return host.split('.svc.', 1).join('')
}

/** `Gateway namespace/name:port`: the port of a Gateway object, which the pod may number otherwise. */
export function portName({ servers }: Chain): string {
  const [{ gateway, server }] = servers
  return `${nameOf(gateway)}:${server.port.number}`
}

/** A field of a server, as a path into its Gateway. */
export function serverField({ gateway, server }: ServerOf, field: string): string {
  const i = gateway.spec.servers.findIndex(({ port }) => port === server.port)
  return `spec.servers[${i}].${field}`
}

/**
 * The object that made the client send what it sends.
 *
 * @param otherwise what is to blame where that is nobody's word; by default the Service that it is sent to
 */
export function blameSender(
  sent: ClientSide,
  destination: Destination,
  otherwise: Place = { object: toServiceRef(destination.host), field: 'spec.ports' }
): Place {
  switch (sent.reason) {
    case 'rule':
    case 'credential-ignored':
      return { object: toRef(sent.rule), field: tlsField(sent.rule, destination) }
    case 'peer-disabled':
      return { object: toRef(sent.policy), field: 'spec.mtls.mode' }
    default:
      return otherwise
  }
}

/** A field of an object. */
interface Place {
  readonly object: Ref
  readonly field: string
}

/** Where a rule says what TLS to send to a port. */
function tlsField({ spec }: DestinationRule, { port }: Destination): string {
  if (spec.trafficPolicy === undefined) return 'spec.subsets'
  const i = spec.trafficPolicy.portLevelSettings.findIndex(entry => entry.port?.number === port)
  return i < 0 ? 'spec.trafficPolicy.tls.mode' : `spec.trafficPolicy.portLevelSettings[${i}].tls.mode`
}
