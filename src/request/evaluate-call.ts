import { findMeshRoute } from '../gateway-api/mesh-route.ts'
import { waypointOnTheWay, waypointPod } from '../gateway-api/waypoint.ts'
import { connect, connectToWaypoint } from '../istio/connection.ts'
import type { Call } from '../istio/request.ts'
import { forwardToken, issuersFor } from '../istio/request-authentication.ts'
import { firstMatch, type Routed, routesFor } from '../istio/route.ts'
import { gatewaysOf, isExportedTo, MESH } from '../istio/virtual-service.ts'
import { nameOf, type ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { ALLOWED } from './authorize-call.ts'
import { specDigest } from './call-inputs.ts'
import { type CallAttempt, type CallKinds, evaluateConnected, inputsOfCall } from './call-result.ts'
import type { CallResult } from './hop.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'

/** Evaluates a call. A waypoint on the way is called first, and calls the server in place of the client. */
export function evaluateCall(view: View<CallKinds>, attempt: CallAttempt): CallResult {
  const { client, destination, endpoint } = attempt
  const binding = waypointOnTheWay(view, client, destination, endpoint)
  const connection = connect(view, client, destination, endpoint)
  if (binding === undefined || binding.is === 'unbound') return evaluateConnected(view, attempt, connection)
  const notEvaluated = (reason: string, more = '') =>
    evaluateConnected(view, attempt, connection, { reason, inputs: inputsOfCall(view, attempt) + more })
  if (binding.is === 'unknown') return notEvaluated(binding.reason)
  const { gateway } = binding
  const waypoint = waypointPod(view, gateway, client, destination)
  if (waypoint === undefined) {
    const failure = noEndpoints(toServiceRef(`${gateway.name}.${gateway.namespace}`))
    return { client, destination, connection, authorization: ALLOWED, failure, unevaluated: [] }
  }
  const route = findRoute(view, waypoint, attempt)
  if (route === undefined) return passWaypoint(view, attempt, waypoint)
  const at = `waypoint ${gateway.namespace}/${gateway.name}`
  return notEvaluated(`routing by ${nameOf(route)} at ${at} is not modeled`, specDigest(route))
}

function passWaypoint(view: View<CallKinds>, attempt: CallAttempt, waypoint: Workload): CallResult {
  const { client, call, destination, endpoint } = attempt
  const port = waypoint.serves === undefined ? endpoint.port : destination.port
  const toWaypoint = { client, call, destination, endpoint: { workload: waypoint, port } }
  const via = evaluateConnected(view, toWaypoint, connectToWaypoint(view, client, waypoint, destination))
  if (via.failure !== undefined || via.unknown !== undefined) return via
  const forwarded = { ...attempt, client: waypoint, call: forwardToken(issuersFor(view, waypoint), call) }
  const result = evaluateConnected(view, forwarded, connect(view, waypoint, destination, endpoint))
  return { ...result, via, unevaluated: [...via.unevaluated, ...result.unevaluated] }
}

/** Object that routes the request at the waypoint to other pods than those of the Service, or may. */
function findRoute(
  view: View<CallKinds>,
  { namespace, labels, serves }: Workload,
  { call, destination: { host, port } }: CallAttempt
): ResourceOf<'HTTPRoute' | 'VirtualService'> | undefined {
  if (serves === undefined) return undefined
  const proxy = { namespace, labels, gateway: MESH, port }
  return (
    findMeshRoute(view, serves) ??
    view.virtualServicesFor(host).find(one => {
      const isUsed = gatewaysOf(one).has(MESH) && isExportedTo(view, one, namespace)
      const routes = isUsed ? routesFor(view, one, proxy) : []
      return routes.length > 0 && !leadsTo(host, call, firstMatch(routes, call))
    })
  )
}

/** True if a route sends requests to the Service of its host. */
function leadsTo(host: string, call: Call, routed: Routed | undefined): boolean {
  return (
    routed?.is === 'forwarded' &&
    routed.isUncertain !== true &&
    routed.destinations.every(one => one.host === host && one.subset === undefined && isSame(one.call, call))
  )
}

const isSame = (one: Call, other: Call) => one.host === other.host && one.path === other.path
