import { findMeshRoute } from '../gateway-api/mesh-route.ts'
import type { Call } from '../istio/request.ts'
import { findServiceEntry } from '../istio/service-entry.ts'
import { sidecarRoute } from '../istio/sidecar-route.ts'
import { HTTP_PORT, type Service } from '../kubernetes/service.ts'
import type { Workload } from '../state/workload.ts'
import type { InFlightRequest } from './caller.ts'
import { destinationOf, hostOf } from './destination.ts'
import type { Failure } from './failure.ts'
import { afterGateway, forward, forwardAll } from './forward.ts'
import type { Hop } from './hop.ts'
import { enterService } from './ingress-hops.ts'
import { asNonMesh } from './passthrough.ts'
import type { Branch } from './request-path.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'
import { elsewhere, failed, notKnown, type Step } from './step.ts'
import type { World } from './world.ts'

/**
 * Follows a request of a pod in the cluster by the name that it calls: what the name resolves to, what the caller's
 * sidecar makes of it, and each gateway's routes, up to the pods of the model.
 *
 * @param port that the pod calls; by default HTTP, or any port of a gateway
 * @returns one branch for each way that the request can take; each must work
 */
export function followFromPod(world: World, { at, call }: InFlightRequest, port?: number): readonly Branch[] {
  const [pod] = at
  const { host: resolved, service } = world.resolve(call.host)
  if (service === undefined) return [failed('caller->local-gateway', noEndpoints(toServiceRef(resolved)))]
  const step: Step = { at, from: 'caller', depth: 0 }
  const number = port ?? HTTP_PORT
  if (pod?.proxy !== 'sidecar') return enter(world, at, call, service, port)
  const host = hostOf(world.view, service)
  const toService = () => forward(world, step, { host, port: number, listenerPort: number, subset: undefined, call })
  const undecided = undecidedBy(world, pod, service, call.host)
  if (undecided !== undefined) return toService().map(branch => behind(undecided, branch))
  const egress = sidecarRoute(world.view, world, pod, call, number)
  switch (egress.is) {
    case 'passthrough':
      return enter(world, at, call, service, port)
    case 'rejected': {
      const failure: Failure = { cause: 'not-in-registry', client: pod, host: call.host, by: egress.by }
      return [failed('caller->local-gateway', failure)]
    }
    case 'service':
      return toService()
    case 'unmatched':
      return [elsewhere(step, egress.virtualService, call.host, 'no match')]
    default:
      return forwardAll(world, step, egress, call)
  }
}

/** Object that decides in the sidecar where the request goes, in a way that is not modeled. */
function undecidedBy({ view }: World, { namespace }: Workload, service: Service, called: string): Branch | undefined {
  const object =
    findServiceEntry(view, called, namespace) ??
    findMeshRoute(view, service) ??
    findMeshRoute(view, toServiceRef(called))
  return object && notKnown('caller->local-gateway', object)
}

/** A change of what follows can matter as well. */
const behind = ({ hops }: Branch, next: Branch): Branch => ({
  ...next,
  hops: [...hops, ...next.hops],
  shared: next.shared + 1
})

/** Follows a request that has reached a gateway by this hop. */
export function followFromGateway(world: World, hop: Hop, at: readonly Workload[], call: Call): readonly Branch[] {
  return afterGateway(world, { at, from: 'gateway', depth: 1 }, hop, call)
}

/** Connection to the Service that a name resolves to, without a sidecar that routes the request. */
function enter(
  world: World,
  at: readonly Workload[],
  call: Call,
  service: Service,
  port: number | undefined
): readonly Branch[] {
  const host = hostOf(world.view, service)
  const { endpoints } = destinationOf(world.view, host, HTTP_PORT, call.host)
  if (port === undefined && endpoints.every(({ workload }) => workload.proxy === 'gateway')) {
    const { hop, pods } = enterService(world, service, at, call)
    return afterGateway(world, { at: pods, from: 'gateway', depth: 1 }, hop, call)
  }
  const step: Step = { at: at.map(asNonMesh), from: 'caller', depth: 0 }
  return forward(world, step, {
    host,
    port: port ?? HTTP_PORT,
    listenerPort: port ?? HTTP_PORT,
    subset: undefined,
    call
  })
}
