import { applyFilters } from '../gateway-api/filters.ts'
import { EXPRESSIONS_LAST, type RouteEntry } from '../gateway-api/route-match.ts'
import { type RouteObject, type Selection, selectRoutes } from '../gateway-api/route-table.ts'
import type { Call } from '../istio/request.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'
import type { Failure } from './failure.ts'
import type { Caveat } from './hop.ts'

/** What a gateway does with a request: sends it to backends, rejects it, or something that is not modeled. */
export type Routing =
  | { readonly is: 'routed'; readonly entry: RouteEntry }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'unknown'; readonly reason: string; readonly inputs: string }

/** Gateway of an external address, and its routing. */
export interface ExternalRoute {
  readonly pods: readonly Workload[]
  /** Service port of the pods. */
  readonly port: number
  readonly routing: Routing
  readonly unevaluated: readonly Caveat[]
}

/** Routing by objects that a gateway serves; without a matching rule, the model's own object lacks it. */
export function selectRouting(
  objects: readonly RouteObject[],
  call: Call,
  own: RouteObject,
  pathTypes: readonly string[] = EXPRESSIONS_LAST
): Routing {
  return toRouting(selectRoutes(objects, call, pathTypes), call, own)
}

/** Routing by the routes that a request can take; `own` lacks a rule if there are none. */
export function toRouting({ entries, isComplete }: Selection, call: Call, own: RouteObject): Routing {
  const { host, path } = call
  const [entry, ...others] = entries
  if (entry === undefined) return { is: 'failed', failure: { cause: 'no-route', host, path, object: toRef(own) } }
  const isSame = (other: RouteEntry) =>
    JSON.stringify([other.backends, other.filters]) === JSON.stringify([entry.backends, entry.filters])
  const reason =
    isComplete && others.every(isSame)
      ? unknownReason(entry, call)
      : `headers or paths of ${nameOf(entry.object)} decide whether it routes the request`
  if (reason === undefined) return { is: 'routed', entry }
  const inputs = entries.map(({ match, filters, backends }) => [match, filters, backends])
  return { is: 'unknown', reason, inputs: JSON.stringify(inputs) }
}

function unknownReason({ object, filters, match, unknownReason }: RouteEntry, call: Call): string | undefined {
  const filtered = applyFilters(filters, match, call)
  if (filtered.is === 'unknown') return `filter ${filtered.type} of ${nameOf(object)} is not modeled`
  return filtered.is === 'redirected' ? `${nameOf(object)} redirects the request` : unknownReason
}
