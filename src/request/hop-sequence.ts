import type { Destination } from '../istio/client.ts'
import type { View } from '../state/snapshot.ts'
import { inputsOf } from './call-inputs.ts'
import type { InFlightRequest, PathKinds } from './caller.ts'
import { podsBehind } from './destination.ts'
import { evaluateCalls, forwardCall } from './evaluate-calls.ts'
import type { Hop, HopName, Unevaluated } from './hop.ts'
import type { Branch } from './request-path.ts'

/** Evaluates one hop and returns the request for the next hop, which is ignored if the hop is blocked. */
export type HopEvaluator = (request: InFlightRequest) => { readonly hop: Hop; readonly next: InFlightRequest }

/** Evaluates hops in order, up to the first that is blocked. */
export function inSequence(steps: readonly HopEvaluator[]): (request: InFlightRequest) => readonly Branch[] {
  return request => {
    const hops: Hop[] = []
    let current = request
    for (const step of steps) {
      const { hop, next } = step(current)
      hops.push(hop)
      if (hop.failure !== undefined) break
      current = next
    }
    return [{ activatorMode: undefined, hops, shared: hops.length }]
  }
}

/** The only way of a request, by one hop. */
export const byOneHop = (hop: Hop): Branch => ({ activatorMode: undefined, hops: [hop], shared: 1 })

/**
 * Evaluates calls from each client pod to each endpoint. The first failure is the result: if one of several pods is
 * unreachable, requests fail.
 */
export function hopTo(view: View<PathKinds>, name: HopName, destination: Destination): HopEvaluator {
  const at = podsBehind(destination)
  return ({ at: clients, call }) => {
    const results = evaluateCalls(view, clients, call, destination)
    const unknown = clients.length === 0 ? { unknown: unknownClient(view, destination) } : {}
    return { hop: { name, ...results, ...unknown }, next: { at, call: forwardCall(view, at, call) } }
  }
}

/** After a hop whose server is not known. */
function unknownClient(view: View<PathKinds>, destination: Destination): Unevaluated {
  return { reason: 'client is not known', inputs: inputsOf(view, [], destination) }
}
