import { waypointOnTheWay } from '../gateway-api/waypoint.ts'
import { waypointPod } from '../gateway-api/waypoint-pod.ts'
import { connect, connectToWaypoint } from '../istio/connection.ts'
import { forwardToken, issuersFor } from '../istio/request-authentication.ts'
import type { View } from '../state/snapshot.ts'
import { ALLOWED } from './authorize-call.ts'
import { type CallAttempt, type CallKinds, evaluateConnected, inputsOfCall } from './call-result.ts'
import type { CallResult } from './hop.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'

/**
 * Evaluates a call to an endpoint. A waypoint on the way is called first, and calls the server in place of the client; a
 * waypoint with a route for the request is the matter of `routedCalls`.
 */
export function evaluateCall(view: View<CallKinds>, attempt: CallAttempt): CallResult {
  const { client, destination, endpoint } = attempt
  const binding = waypointOnTheWay(view, client, destination, endpoint)
  const connection = connect(view, client, destination, endpoint)
  if (binding === undefined || binding.is === 'unbound') return evaluateConnected(view, attempt, connection)
  if (binding.is === 'unknown') {
    const { reason } = binding
    return evaluateConnected(view, attempt, connection, { reason, inputs: inputsOfCall(view, attempt) })
  }
  const { gateway } = binding
  const waypoint = waypointPod(view, gateway, client, destination)
  if (waypoint === undefined) {
    const failure = noEndpoints(toServiceRef(`${gateway.name}.${gateway.namespace}`))
    return { client, destination, connection, authorization: ALLOWED, failure, unevaluated: [] }
  }
  const port = waypoint.serves === undefined ? endpoint.port : destination.port
  const via = callWaypoint(view, { ...attempt, endpoint: { workload: waypoint, port } })
  return callFromWaypoint(view, { ...attempt, client: waypoint }, via)
}

/** Call to the waypoint that is the endpoint, for requests to the destination. */
export function callWaypoint(view: View<CallKinds>, attempt: CallAttempt): CallResult {
  const { client, destination, endpoint } = attempt
  const toWaypoint = { ...attempt, routeAt: undefined }
  return evaluateConnected(view, toWaypoint, connectToWaypoint(view, client, endpoint.workload, destination))
}

/** Call of a waypoint to a pod, in place of the client that has called the waypoint. */
export function callFromWaypoint(view: View<CallKinds>, attempt: CallAttempt, via: CallResult): CallResult {
  if (via.failure !== undefined || via.unknown !== undefined) return via
  const { client: waypoint, call, destination, endpoint } = attempt
  const forwarded = { ...attempt, call: forwardToken(issuersFor(view, waypoint), call) }
  const result = evaluateConnected(view, forwarded, connect(view, waypoint, destination, endpoint))
  return { ...result, via, unevaluated: [...via.unevaluated, ...result.unevaluated] }
}
