import { serviceWaypoint } from '../gateway-api/waypoint.ts'
import { waypointFor, waypointPod } from '../gateway-api/waypoint-pod.ts'
import type { Destination } from '../istio/client.ts'
import type { Forwarded } from '../istio/route.ts'
import { isExported } from '../istio/sidecar.ts'
import { findService } from '../kubernetes/service.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { inputsOf } from './call-inputs.ts'
import type { CallAttempt, CallKinds } from './call-result.ts'
import { destinationOfRoute, subsetOf } from './destination.ts'
import { callFromWaypoint, callWaypoint } from './evaluate-call.ts'
import type { Failure } from './failure.ts'
import type { CallResult, Unevaluated } from './hop.ts'
import type { RoutedElsewhere } from './route-failure.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'
import { routeAtWaypoint, type WaypointRoute } from './waypoint-route.ts'

/** Client, request and destination of calls to the endpoints of a Service. */
type Attempt = Omit<CallAttempt, 'endpoint'>
type ForwardedRoute = Extract<WaypointRoute, { readonly is: 'forwarded' }>

/**
 * Calls of a waypoint to the endpoints that its route leads to, in place of those of the client to the endpoints of the
 * Service. Absent if no waypoint with a route is on the way.
 */
export function routedCalls(view: View<CallKinds>, attempt: Attempt): readonly CallResult[] | undefined {
  const { client, call, destination } = attempt
  const binding = serviceWaypoint(view, client, destination)
  if (binding?.is !== 'bound') return undefined
  const waypoint = waypointPod(view, binding.gateway, client, destination)
  const route = waypoint && routeAtWaypoint(view, waypoint, call, destination)
  if (waypoint === undefined || route === undefined) return undefined
  const via = callWaypoint(view, {
    client,
    call,
    destination,
    endpoint: { workload: waypoint, port: destination.port }
  })
  if (via.failure !== undefined || via.unknown !== undefined) return [via]
  if (route.is === 'failed') return [{ ...via, failure: route.failure }]
  if (route.is === 'unknown') return [{ ...via, unknown: route.unknown }]
  return route.destinations.flatMap(one => callsTo(view, attempt, waypoint, via, one, route))
}

function callsTo(
  view: View<CallKinds>,
  attempt: Attempt,
  waypoint: Workload,
  via: CallResult,
  target: Forwarded,
  { by }: ForwardedRoute
): readonly CallResult[] {
  const { host } = attempt.destination
  const failed = (failure: Failure): readonly CallResult[] => [{ ...via, failure }]
  const elsewhere = (how: RoutedElsewhere['how']): readonly CallResult[] =>
    by.kind === 'VirtualService'
      ? failed({ cause: 'routed-elsewhere', virtualService: by, host, how, to: target.host })
      : [{ ...via, unknown: leadsAway(view, waypoint, by, target, attempt.destination) }]
  const service = findService(view, target.host)
  if (service !== undefined && !isExported(view, service, waypoint.namespace))
    return failed({ cause: 'service-not-exported', client: waypoint, service })
  const isOwn = target.host === host && [undefined, attempt.destination.port].includes(target.port)
  const all = isOwn ? attempt.destination : service && destinationOfRoute(view, service, target)
  if (all === undefined && !target.host.endsWith(`.svc.${view.settings.clusterDomain}`)) return elsewhere('destination')
  if (all === undefined || all.endpoints.length === 0) return failed(noEndpoints(toServiceRef(target.host)))
  const sender = waypointFor(view, waypoint, all)
  const chosen = target.subset === undefined ? all : subsetOf(view, [sender], all, target.subset)
  if (chosen === undefined) return elsewhere('subset')
  if (!chosen.endpoints.some(({ workload }) => isOfSameModel(workload, attempt.destination)))
    return elsewhere('destination')
  return chosen.endpoints.map(endpoint => {
    const forwarded = { ...attempt, client: sender, call: target.call, destination: chosen, endpoint }
    return callFromWaypoint(view, forwarded, via)
  })
}

/** True if a pod is one of the destination's, or of the same model. */
function isOfSameModel(pod: Workload, { endpoints }: Destination): boolean {
  const model = pod.labels[MODEL]
  return endpoints.some(
    ({ workload }) =>
      workload === pod ||
      (model !== undefined && workload.labels[MODEL] === model && workload.namespace === pod.namespace)
  )
}

const MODEL = 'serving.kserve.io/inferenceservice'

function leadsAway(
  view: View<CallKinds>,
  waypoint: Workload,
  by: ForwardedRoute['by'],
  { host }: Forwarded,
  destination: Destination
): Unevaluated {
  const { namespace, name } = toServiceRef(host)
  return {
    reason: `${nameOf(by)} routes to Service ${namespace}/${name}, which has no pods of the model`,
    inputs: inputsOf(view, [waypoint], { ...destination, host })
  }
}
