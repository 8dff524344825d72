import type { Route } from '../istio/gateway.ts'
import type { PublicAddress, Publication } from '../kserve/publication.ts'
import { keepingDomain, settingOf } from '../kserve/publication-change.ts'
import { findService, HTTP_PORT } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { InFlightRequest, PathKinds } from './caller.ts'
import { type CallResults, forwardCall } from './evaluate-calls.ts'
import type { HopName, NotPublished } from './hop.ts'
import { tryIngress } from './ingress-entry.ts'
import type { HopEvaluator } from './request-path.ts'
import { entryServices, podsOfGateway, toDestination, toServiceRef } from './service-resolution.ts'

/** Hop of an external client to any public port of the Gateway (`namespace/name`). */
export function hopToGateway(
  view: View<PathKinds>,
  gateway: string,
  route: Pick<Route, 'namespace' | 'host'>
): HopEvaluator {
  const [namespace = '', name = ''] = gateway.split('/')
  const found = view.get('Gateway', namespace, name)
  const pods = found === undefined ? [] : podsOfGateway(view, found)
  const services = entryServices(view, pods)
  const address = { apiVersion: 'networking.istio.io/v1beta1', kind: 'Gateway', namespace, name }
  const requiredRoute = { ...route, boundTo: [gateway] }
  return hopThrough(view, 'caller->ingress-gateway', pods, ({ call }) =>
    tryIngress(view, services, address, call, requiredRoute)
  )
}

/** Hop of a client without a matching route in a sidecar, to the gateway that the host resolves to. */
export function hopToLocalGateway(view: View<PathKinds>, address: string, requiredRoute: Route): HopEvaluator {
  const found = findService(view, address)
  const port = found?.spec.ports[0]?.port ?? HTTP_PORT
  const pods = toDestination(view, address, port).endpoints.map(({ workload }) => workload)
  const services = found === undefined ? [] : [found]
  return hopThrough(view, 'caller->local-gateway', pods, request =>
    withSender(request, requiredRoute, tryIngress(view, services, toServiceRef(address), request.call, requiredRoute))
  )
}

/** Names the sender of a refused connection: its Sidecar, or its missing sidecar, is why it sends plaintext. */
function withSender({ at }: InFlightRequest, { host }: Route, result: CallResults): CallResults {
  const { failure } = result
  if (failure?.cause !== 'plaintext-to-mtls-listener') return result
  const [unrouted] = at.map(pod => ({ pod, host }))
  return { ...result, failure: { ...failure, unrouted } }
}

/** Hop of an external client by an address that the status has and no configuration publishes. */
export function unpublishedHop(view: View<PathKinds>, publication: Publication, address: PublicAddress): HopEvaluator {
  const failure: NotPublished = {
    cause: 'not-published',
    address: address.host,
    setting: settingOf(view, publication, address),
    keptBy: keepingDomain(publication, address)
  }
  return next => ({ hop: { name: 'caller->ingress-gateway', calls: [], failure }, next })
}

/** Hop of an external client by an address that is not known. */
export function unknownHop(reason: string): HopEvaluator {
  return ({ call }) => ({
    hop: { name: 'caller->ingress-gateway', calls: [], failure: undefined, unknown: { reason, inputs: '' } },
    next: { at: [], call }
  })
}

function hopThrough(
  view: View<PathKinds>,
  name: HopName,
  at: readonly Workload[],
  enter: (request: InFlightRequest) => CallResults
): HopEvaluator {
  return request => ({ hop: { name, ...enter(request) }, next: { at, call: forwardCall(view, at, request.call) } })
}
