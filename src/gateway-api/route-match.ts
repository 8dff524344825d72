import type { Call } from '../istio/request.ts'
import { byCreationTime } from '../state/creation-order.ts'
import type { ResourceOf } from '../state/resource.ts'
import { matchesRegex } from '../text/regex.ts'
import { all, type Tristate } from '../text/tristate.ts'

type Rule = ResourceOf<'HTTPRoute'>['spec']['rules'][number]
export type Match = Rule['matches'][number]
export type Filter = Rule['filters'][number]

/** Service port that a route sends requests to; `port` is a number, or a name in an Ingress. */
export interface Backend {
  readonly namespace: string
  readonly name: string
  readonly port: number | string | undefined
}

/** One match of a rule of an HTTPRoute, or one path of an Ingress, for one host. */
export interface RouteEntry {
  readonly object: ResourceOf<'HTTPRoute' | 'Ingress'>
  /** `*`: every host. */
  readonly hostname: string
  readonly match: Match
  /** Position of the rule in the object. */
  readonly rule: number
  /** Path of the rule in the object. */
  readonly field: string
  readonly filters: readonly Filter[]
  readonly backends: readonly Backend[]
  /** Why the backends are not modeled. */
  readonly unknownReason: string | undefined
}

export const EVERYTHING: Match = { path: undefined, headers: [], queryParams: [], method: undefined }

/** Expression of KServe's HTTPRoutes for every path. */
export const ANY_PATH = '^/.*$'

/** End of KServe's expressions for explanations; a request of unknown path is an inference request. */
const EXPLAIN = /:explain\)?\$$/

/** True if a request matches; unknown if that depends on its headers, or on an expression that is not modeled. */
export function matchesCall({ path, method, headers, queryParams }: Match, call: Call): Tristate {
  return all([
    matchesPath(path, call.path),
    method === undefined || method === call.method,
    // Requests to models have no query.
    queryParams.length === 0,
    ...headers.map(condition => matchesHeader(condition, call))
  ])
}

/** @see gateway-api 1.6 apis/v1/httproute_types.go (HTTPPathMatch: prefixes end with an element of the path) */
function matchesPath(match: Match['path'], path: string | undefined): Tristate {
  const { type = 'PathPrefix', value = '/' } = match ?? {}
  const prefix = value.replace(/\/$/, '')
  if ((type === 'PathPrefix' && prefix === '') || (type === 'RegularExpression' && value === ANY_PATH)) return true
  if (path === undefined) return EXPLAIN.test(value) ? false : undefined
  if (type === 'RegularExpression') return matchesRegex(value, path)
  return type === 'Exact' ? path === value : path === prefix || path.startsWith(`${prefix}/`)
}

function matchesHeader({ type = 'Exact', name, value }: Match['headers'][number], call: Call): Tristate {
  const key = name.toLowerCase()
  const known = Object.hasOwn(call.headers, key) ? call.headers[key] : undefined
  if (known === undefined) return call.headersComplete ? false : undefined
  return type === 'Exact' ? known === value : undefined
}

/** Path types from the last to the first that is tried. */
export const EXPRESSIONS_LAST = ['RegularExpression', 'PathPrefix', 'Exact']
export const PREFIXES_LAST = ['PathPrefix', 'RegularExpression', 'Exact']

/**
 * Order in which routes are tried: by path type, length of the path, method, number of headers and query parameters, age,
 * and position. Implementations differ in the place of expressions.
 * @see gateway-api 1.6 apis/v1/httproute_types.go (HTTPRouteRule.matches: precedence),
 * istio 1.31 pilot/pkg/config/kube/gateway/conversion.go (sortHTTPRoutes), envoyproxy/gateway 1.8 internal/gatewayapi/sort.go
 */
export function byPrecedence(pathTypes: readonly string[]): (one: RouteEntry, other: RouteEntry) => number {
  return (one, other) => {
    const [a, b] = [ranksOf(one.match, pathTypes), ranksOf(other.match, pathTypes)]
    const differing = a.findIndex((rank, i) => rank !== b[i])
    if (differing >= 0) return (b[differing] as number) - (a[differing] as number)
    return byCreationTime(one.object, other.object) || one.rule - other.rule
  }
}

function ranksOf({ path, method, headers, queryParams }: Match, pathTypes: readonly string[]): readonly number[] {
  const { type = 'PathPrefix', value = '/' } = path ?? {}
  return [pathTypes.indexOf(type), value.length, method === undefined ? 0 : 1, headers.length, queryParams.length]
}
