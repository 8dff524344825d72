import type { Call } from '../istio/request.ts'
import type { PublicAddress } from '../kserve/public-address.ts'
import type { Publication } from '../kserve/publication.ts'
import { keepingDomain, settingOf } from '../kserve/publication-change.ts'
import { HTTP_PORT, type Service } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import type { PathKinds } from './caller.ts'
import type { CallResults } from './evaluate-calls.ts'
import type { NotPublished } from './failure.ts'
import type { Hop } from './hop.ts'
import { tryIngress } from './ingress-entry.ts'
import { entryServices, podsOfGateway, toDestination, toServiceRef } from './service-resolution.ts'
import type { World } from './world.ts'

/** Hop to a gateway, and the gateway's pods. */
export interface GatewayHop {
  readonly hop: Hop
  readonly pods: readonly Workload[]
}

/** Hop of an external client to any public port of the Gateway (`namespace/name`). */
export function enterGateway({ view, routeAtGateway }: World, gateway: string, call: Call): GatewayHop {
  const [namespace = '', name = ''] = gateway.split('/')
  const found = view.get('Gateway', namespace, name)
  const pods = found === undefined ? NO_PODS : podsOfGateway(view, found)
  const address = { apiVersion: 'networking.istio.io/v1beta1', kind: 'Gateway', namespace, name }
  const results = tryIngress(view, entryServices(view, pods), address, call, routeAtGateway)
  return { hop: { name: 'caller->ingress-gateway', ...results }, pods }
}

const NO_PODS: readonly Workload[] = []

/** Hop of a client without a route in a sidecar, to the gateway Service that the host resolves to. */
export function enterService(
  { view, routeAtGateway }: World,
  service: Service,
  at: readonly Workload[],
  call: Call
): GatewayHop {
  const host = serviceHost(service.namespace, service.name, view.settings.clusterDomain)
  const port = service.spec.ports[0]?.port ?? HTTP_PORT
  const pods = toDestination(view, host, port).endpoints.map(({ workload }) => workload)
  const results = withSender(at, call.host, tryIngress(view, [service], toServiceRef(host), call, routeAtGateway))
  return { hop: { name: 'caller->local-gateway', ...results }, pods }
}

/** Names the sender of a refused connection: its Sidecar, or its missing sidecar, is why it sends plaintext. */
function withSender(at: readonly Workload[], host: string, result: CallResults): CallResults {
  const { failure } = result
  if (failure?.cause !== 'plaintext-to-mtls-listener') return result
  const [unrouted] = at.map(pod => ({ pod, host }))
  return { ...result, failure: { ...failure, unrouted } }
}

/** Hop of an external client by an address that the status has and no configuration publishes. */
export function unpublishedHop(view: View<PathKinds>, publication: Publication, address: PublicAddress): Hop {
  const failure: NotPublished = {
    cause: 'not-published',
    address: address.host,
    setting: settingOf(view, publication, address),
    keptBy: keepingDomain(publication, address)
  }
  return { name: 'caller->ingress-gateway', calls: [], failure }
}

/** Hop of an external client by an address that is not known. */
export function unknownHop(reason: string, inputs = ''): Hop {
  return { name: 'caller->ingress-gateway', calls: [], failure: undefined, unknown: { reason, inputs } }
}
