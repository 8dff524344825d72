import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import type { Forwarded, Routed } from '../istio/route.ts'
import { findServiceEntry } from '../istio/service-entry.ts'
import { isExported } from '../istio/sidecar.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import type { Service } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { PathKinds } from './caller.ts'
import { destinationOfRoute, podsBehind, subsetOf } from './destination.ts'
import { evaluateCalls, forwardCall } from './evaluate-calls.ts'
import type { Hop, HopName } from './hop.ts'
import type { Branch } from './request-path.ts'
import { toRevision } from './revision.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'
import { elsewhere, failed, GATEWAY_HOP, notKnown, type Step, withoutEndpoints } from './step.ts'
import type { World } from './world.ts'

/** Longest path; a longer one is a loop. The longest without a loop has the local gateway twice. */
const MAX_DEPTH = 8

/** What becomes of a request after the hop to a gateway. */
export function afterGateway(world: World, step: Step, hop: Hop, sent: Call): readonly Branch[] {
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

/** Sends a request to the destinations of a route. */
export function forwardAll(world: World, step: Step, routed: Routed, call: Call): readonly Branch[] {
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
export function forward(world: World, step: Step, target: Forwarded, by?: VirtualService): readonly Branch[] {
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
  const service = world.resolve(target.host).service
  const revision = world.findRevision(target.host)
  const isToGateway = revision === undefined && world.isGatewayHost(target.host)
  const name = isToGateway ? GATEWAY_HOP[from] : (`${from}->pod` as const)
  const stopped = stoppedAt(view, at, name, target.host, service)
  if (stopped !== undefined) return [stopped]
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

/** The request ends at a proxy that does not know the Service, or that has another one of its host. */
function stoppedAt(
  view: View<PathKinds>,
  at: readonly Workload[],
  name: HopName,
  host: string,
  service: Service | undefined
): Branch | undefined {
  const [proxy] = at.filter(one => one.proxy !== 'none')
  const entry = proxy && findServiceEntry(view, host, proxy.namespace)
  if (entry !== undefined) return notKnown(name, entry)
  const client = at.find(one => one.proxy !== 'none' && service && !isExported(view, service, one.namespace))
  return client && service && failed(name, { cause: 'service-not-exported', client, service })
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

/** One object for all equal requests. */
function intern(view: View<PathKinds>, call: Call): Call {
  return getOrAdd(calls(view, 'all'), JSON.stringify(call), () => call)
}

const calls = memoizeInView((_view: View<PathKinds>, _key: 'all') => new Map<string, Call>())
