import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import type { Forwarded, Routed } from '../istio/route.ts'
import { isExported } from '../istio/sidecar.ts'
import { sidecarRoute } from '../istio/sidecar-route.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import { HTTP_PORT, type Service } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { InFlightRequest, PathKinds } from './caller.ts'
import { destinationOf, destinationOfRoute, hostOf, podsBehind, subsetOf } from './destination.ts'
import { evaluateCalls, forwardCall } from './evaluate-calls.ts'
import type { Failure } from './failure.ts'
import type { Hop } from './hop.ts'
import { enterService } from './ingress-hops.ts'
import { asNonMesh } from './passthrough.ts'
import type { Branch } from './request-path.ts'
import { toRevision } from './revision.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'
import { elsewhere, failed, GATEWAY_HOP, type Step, withoutEndpoints } from './step.ts'
import type { World } from './world.ts'

/** Longest path; a longer one is a loop. The longest without a loop has the local gateway twice. */
const MAX_DEPTH = 8

/**
 * Follows a request of a pod in the cluster by the name that it calls: what the name resolves to, what the caller's
 * sidecar makes of it, and each gateway's routes, up to the pods of the model.
 *
 * @param port that the pod calls; by default HTTP, or any port of a gateway
 * @returns one branch for each way that the request can take; each must work
 */
export function followFromPod(world: World, { at, call }: InFlightRequest, port?: number): readonly Branch[] {
  const [pod] = at
  const service = world.findService(call.host)
  if (service === undefined) {
    const missing = world.view.get('Service', ...nameIn(call.host))?.spec.externalName ?? call.host
    return [failed('caller->local-gateway', noEndpoints(toServiceRef(missing)))]
  }
  const step: Step = { at, from: 'caller', depth: 0 }
  const number = port ?? HTTP_PORT
  if (pod?.proxy !== 'sidecar') return enter(world, at, call, service, port)
  const egress = sidecarRoute(world.view, world, pod, call, number)
  switch (egress.is) {
    case 'passthrough':
      return enter(world, at, call, service, port)
    case 'rejected': {
      const failure: Failure = { cause: 'not-in-registry', client: pod, host: call.host, by: egress.by }
      return [failed('caller->local-gateway', failure)]
    }
    case 'service':
      return forward(world, step, {
        host: hostOf(world.view, egress.service),
        port: number,
        listenerPort: number,
        subset: undefined,
        call
      })
    case 'unmatched':
      return [elsewhere(step, egress.virtualService, call.host, 'no match')]
    default:
      return forwardAll(world, step, egress, call)
  }
}

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

/** What becomes of a request after the hop to a gateway. */
function afterGateway(world: World, step: Step, hop: Hop, sent: Call): readonly Branch[] {
  if (hop.failure !== undefined) return [{ activatorMode: undefined, hops: [hop], shared: 1 }]
  const call = intern(world.view, forwardCall(world.view, step.at, sent))
  const routes = new Map<string, Routed>()
  for (const { routed } of hop.calls) {
    if (routed !== undefined && routed.is !== 'none') routes.set(textOf(routed), routed)
  }
  if (routes.size === 0) return [{ activatorMode: undefined, hops: [hop], shared: 1 }]
  return [...routes.values()]
    .flatMap(routed => forwardAll(world, step, routed, call))
    .map(branch => ({ ...branch, hops: [hop, ...branch.hops], shared: branch.shared + 1 }))
}

const textOf = memoize((routed: Routed) =>
  JSON.stringify([
    routed.virtualService.namespace,
    routed.virtualService.name,
    { ...routed, virtualService: undefined }
  ])
)

function forwardAll(world: World, step: Step, routed: Routed, call: Call): readonly Branch[] {
  const { virtualService } = routed
  if (routed.is === 'answered') return [elsewhere(step, virtualService, call.host, routed.by)]
  if (routed.destinations.length === 0) return [elsewhere(step, virtualService, call.host, 'no match')]
  if (step.depth >= MAX_DEPTH) return [elsewhere(step, virtualService, call.host, 'loop')]
  const running = routed.destinations.filter(({ host }) => world.findRevision(host)?.isScaledToZero !== true)
  return running.flatMap(destination => {
    // The token as the proxy forwards it.
    const next = intern(world.view, { ...destination.call, token: call.token })
    return forward(world, step, { ...destination, call: next }, virtualService)
  })
}

/** Sends a request to a Service. Many paths share what follows a gateway. */
function forward(world: World, step: Step, target: Forwarded, by?: VirtualService): readonly Branch[] {
  if (step.from === 'caller') return send(world, step, target, by)
  const { host, port = `by ${target.listenerPort}`, subset, call } = target
  const known = getOrAdd(getOrAdd(world.known, step.at, newMap), call, newBranches)
  const key = `${host}:${port} ${subset} ${step.depth} ${by?.namespace}/${by?.name}`
  return getOrAdd(known, key, () => send(world, step, target, by))
}

const newBranches = () => new Map<string, readonly Branch[]>()
const newMap = () => new Map<Call, Map<string, readonly Branch[]>>()

function send(world: World, step: Step, target: Forwarded, by: VirtualService | undefined): readonly Branch[] {
  const { view } = world
  const { at, from } = step
  const service = world.findService(target.host)
  const revision = world.findRevision(target.host)
  const isToGateway = revision === undefined && world.isGatewayHost(target.host)
  const name = isToGateway ? GATEWAY_HOP[from] : (`${from}->pod` as const)
  const hidden = service && hiddenFrom(view, at, service)
  if (hidden !== undefined) return [failed(name, hidden)]
  let destination = revision?.destination ?? destinationIn(world, service, target)
  if (destination === undefined || (revision === undefined && destination.endpoints.length === 0))
    return [withoutEndpoints(view, step, name, destination?.host ?? target.host, target.call, by)]
  if (target.subset !== undefined && by !== undefined) {
    destination = subsetOf(view, at, destination, target.subset)
    if (destination === undefined) return [elsewhere(step, by, target.call.host, 'subset', target.host)]
  }
  if (revision !== undefined) return toRevision(world, { ...revision, destination }, { ...step, by }, target.call)
  const pods = podsBehind(destination)
  if (pods.every(({ proxy }) => proxy === 'gateway')) return toGateway(world, step, destination, pods, target.call, by)
  if (pods.every(world.isOwnPod)) {
    const results = evaluateCalls(view, at, target.call, destination)
    return [{ activatorMode: undefined, hops: [{ name: `${from}->pod`, ...results, routedBy: by }], shared: 1 }]
  }
  if (by !== undefined) return [elsewhere(step, by, target.call.host, 'destination', target.host)]
  return [failed(name, noEndpoints(toServiceRef(target.host)))]
}

/** Destination of a route: the model's own Service, which may not exist yet, or another one. */
function destinationIn({ view, ownDestination }: World, service: Service | undefined, target: Forwarded) {
  const isOwn = ownDestination?.host === target.host && [undefined, ownDestination.port].includes(target.port)
  return isOwn ? ownDestination : service && destinationOfRoute(view, service, target)
}

function hiddenFrom(view: View<PathKinds>, at: readonly Workload[], service: Service): Failure | undefined {
  const client = at.find(one => one.proxy !== 'none' && !isExported(view, service, one.namespace))
  return client && { cause: 'service-not-exported', client, service }
}

/** Sends a request to another gateway, which routes it again. */
function toGateway(
  world: World,
  step: Step,
  destination: Destination,
  pods: readonly Workload[],
  call: Call,
  by: VirtualService | undefined
): readonly Branch[] {
  const results = evaluateCalls(world.view, step.at, call, destination, world.routeAtGateway)
  const isRouteMissing = results.failure?.cause === 'no-route' && by !== undefined
  const hop: Hop = {
    name: isRouteMissing ? 'local-gateway->component' : GATEWAY_HOP[step.from],
    ...results,
    routedBy: by
  }
  return afterGateway(world, { at: pods, from: 'gateway', depth: step.depth + 1 }, hop, call)
}

function nameIn(host: string): [namespace: string, name: string] {
  const [name = '', namespace = ''] = host.split('.')
  return [namespace, name]
}

/** One object for all equal requests. */
function intern(view: View<PathKinds>, call: Call): Call {
  return getOrAdd(calls(view, 'all'), JSON.stringify(call), () => call)
}

const calls = memoizeInView((_view: View<PathKinds>, _key: 'all') => new Map<string, Call>())
