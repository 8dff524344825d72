import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import { forwardToken, issuersFor } from '../istio/request-authentication.ts'
import type { Endpoint } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { CallAttempt, CallKinds, RouteAtGateway } from './call-result.ts'
import { evaluateCall } from './evaluate-call.ts'
import type { Failure } from './failure.ts'
import type { CallResult, Caveat, Hop, Unevaluated } from './hop.ts'
import { routedCalls } from './routed-calls.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'

/** Results of the calls of one hop. */
export interface CallResults {
  /** Calls up to the first failure, without those whose connection is not known. */
  readonly calls: readonly CallResult[]
  readonly failure: Failure | undefined
  /** Set without a failure if the result of a call is not known. */
  readonly unknown: Unevaluated | undefined
  readonly unevaluated: readonly Caveat[]
}

/** Result of several calls: the first failure, otherwise unknown if one of them is. */
export function toResults(results: readonly CallResult[], failure = firstFailure(results)): CallResults {
  return {
    calls: results.filter(({ unmodeled }) => !unmodeled),
    failure,
    unevaluated: toDistinct(results.flatMap(one => one.unevaluated)),
    unknown: failure === undefined ? joinUnknown(results) : undefined
  }
}

/** Results of several clients, each of which must pass. */
export function mergeResults(all: readonly CallResults[]): CallResults {
  const [first] = all
  if (first !== undefined && all.length === 1) return first
  return (
    all.find(({ failure }) => failure !== undefined) ?? {
      calls: all.flatMap(({ calls }) => calls),
      failure: undefined,
      unevaluated: toDistinct(all.flatMap(one => one.unevaluated)),
      unknown: joinUnknown(all)
    }
  )
}

function joinUnknown(results: readonly Pick<CallResult, 'unknown'>[]): Unevaluated | undefined {
  const unknown = results.flatMap(one => one.unknown ?? [])
  const [first] = unknown
  if (first === undefined) return undefined
  return { reason: first.reason, inputs: [...new Set(unknown.map(({ inputs }) => inputs))].sort().join('\n') }
}

/** The result does not depend on the number and order of the pods. */
function toDistinct(caveats: readonly Caveat[]): readonly Caveat[] {
  if (caveats.length < 2) return caveats
  const byText = new Map(caveats.map(one => [`${one.reason} ${one.inputs}`, one]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

function firstFailure(results: readonly CallResult[]): Failure | undefined {
  return results.find(({ failure }) => failure !== undefined)?.failure
}

/** Evaluates each client with each endpoint, or with some of them, up to the first failure. */
export function evaluateCalls(
  view: View<CallKinds>,
  clients: readonly Workload[],
  call: Call,
  destination: Destination,
  routeAt?: RouteAtGateway,
  endpoints = destination.endpoints
): CallResults {
  const calls: CallResult[] = []
  for (const client of clients) {
    for (const result of callsOf(view, { client, call, destination, routeAt }, endpoints)) {
      calls.push(result)
      if (result.failure !== undefined) return toResults(calls)
    }
  }
  return toResults(calls, endpoints.length === 0 ? noEndpoints(toServiceRef(destination.host)) : undefined)
}

/** Calls of one client, evaluated one after another. */
function* callsOf(
  view: View<CallKinds>,
  attempt: Omit<CallAttempt, 'endpoint'>,
  endpoints: readonly Endpoint[]
): Iterable<CallResult> {
  const routed = routedCalls(view, attempt)
  if (routed !== undefined) yield* routed
  else for (const endpoint of endpoints) yield evaluateCall(view, { ...attempt, endpoint })
}

/** True if a call, or all of them, passes. */
export function isOk({ failure, unknown }: Pick<Hop, 'failure' | 'unknown'>): boolean {
  return failure === undefined && unknown === undefined
}

/** The call as these pods forward it. */
export function forwardCall(view: View<CallKinds>, at: readonly Workload[], call: Call): Call {
  const [first] = at
  return first === undefined || first.proxy === 'none' ? call : forwardToken(issuersFor(view, first), call)
}
