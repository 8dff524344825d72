import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import { forwardToken, issuersFor } from '../istio/request-authentication.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { type CallAttempt, type CallKinds, evaluateCall, type RequiredRoute } from './call-result.ts'
import type { CallResult, Failure, Hop } from './hop.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'

/** Results of calls, up to the first failure. */
export interface CallResults {
  readonly calls: readonly CallResult[]
  readonly failure: Failure | undefined
  /** Set without a failure if the result of a call is not known. */
  readonly unknown: string | undefined
}

/** Evaluates each client with each endpoint, up to the first failure. */
export function evaluateCalls(
  view: View<CallKinds>,
  clients: readonly Workload[],
  call: Call,
  destination: Destination,
  requiredRoute?: RequiredRoute
): CallResults {
  const calls: CallResult[] = []
  for (const client of clients) {
    for (const endpoint of destination.endpoints) {
      const attempt: CallAttempt = { client, call, destination, endpoint, requiredRoute }
      const result = evaluateCall(view, attempt)
      calls.push(result)
      if (result.failure !== undefined) return { calls, failure: result.failure, unknown: undefined }
    }
  }
  const failure = destination.endpoints.length === 0 ? noEndpoints(toServiceRef(destination.host)) : undefined
  return { calls, failure, unknown: findUnknown(calls) }
}

/** True if a call, or all of them, passes. */
export function isOk({ failure, unknown }: Pick<Hop, 'failure' | 'unknown'>): boolean {
  return failure === undefined && unknown === undefined
}

/** What decides the first result that is not known. */
export function findUnknown(calls: readonly CallResult[]): string | undefined {
  return calls.find(({ unknown }) => unknown !== undefined)?.unknown
}

/** The call as these pods forward it. */
export function forwardCall(view: View<CallKinds>, at: readonly Workload[], call: Call): Call {
  const [first] = at
  return first === undefined || first.proxy === 'none' ? call : forwardToken(issuersFor(view, first), call)
}
