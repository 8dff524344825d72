import type { HttpMatch, StringMatch } from '../state/kinds/virtual-service.ts'
import { matchesRegex } from '../text/regex.ts'
import { hasLabels, isEmpty, type Labels } from '../text/selector.ts'
import { all, type Tristate } from '../text/tristate.ts'
import type { Call } from './request.ts'

/** Proxy that routes a request, as conditions of routes see it. */
export interface RoutingProxy {
  readonly namespace: string
  /** Absent for waypoints, which have no routes with conditions on labels. */
  readonly labels: Labels | undefined
  /** Gateway (`namespace/name`) of the server, or `mesh` in sidecars and waypoints. */
  readonly gateway: string
  /** Port of the Gateway's server, or of the Service. */
  readonly port: number
}

/**
 * True if a proxy has the route of this condition, with full names of gateways, at all.
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (sourceMatchHTTP, TranslateRoute),
 * pilot/pkg/networking/core/listener_waypoint.go (waypointInboundRoute)
 */
export function isForProxy(
  { port, gateways = [], sourceLabels = {}, sourceNamespace = '' }: HttpMatch,
  proxy: RoutingProxy
): boolean {
  if (port !== undefined && port !== 0 && port !== proxy.port) return false
  if (proxy.labels === undefined && !isEmpty(sourceLabels)) return false
  if (gateways.length > 0) return gateways.includes(proxy.gateway)
  return hasLabels(proxy.labels ?? {}, sourceLabels) && (sourceNamespace === '' || sourceNamespace === proxy.namespace)
}

/**
 * True if a request meets the condition. The request is the one that callers send without any effort: it has no query, and
 * no headers but the known ones.
 *
 * @param hasClaims true if the proxy has validated the JWT of the request, whose claims are not known
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (TranslateRouteMatch)
 */
export function matchesCall(match: HttpMatch, call: Call, hasClaims = false): Tristate {
  const { uri, method, authority, scheme, queryParams = {}, headers = {}, withoutHeaders = {} } = match
  const [ofClaims, required] = splitClaims(headers)
  const [ofExcludedClaims, excluded] = splitClaims(withoutHeaders)
  const isMet =
    matchesPath(uri, call, match.ignoreUriCase ?? false) &&
    matchesText(method, call.method) &&
    matchesText(authority, call.host) &&
    Object.keys(queryParams).length === 0 &&
    required.every(([name, value]) => hasHeader(call, name, value)) &&
    !excluded.some(([name, value]) => isExcluded(call, name, value))
  if (!isMet) return false
  const claims = hasClaims ? unlessAny(ofClaims + ofExcludedClaims) : ofClaims === 0
  return all([matchesScheme(scheme, call), claims])
}

const unlessAny = (count: number): Tristate => (count === 0 ? true : undefined)

/** Number of conditions on claims of a JWT, and the conditions on headers. */
function splitClaims(conditions: Conditions): readonly [number, readonly (readonly [string, StringMatch | null])[]] {
  const all = Object.entries(conditions)
  const ofHeaders = all.filter(([name]) => !CLAIM.test(name))
  return [all.length - ofHeaders.length, ofHeaders]
}

type Conditions = Readonly<Record<string, StringMatch | null>>

/** @see istio 1.31 pkg/jwt/routing.go (ToRoutingClaim) */
const CLAIM = /^@request\.auth\.claims(?:\..|\[.+\]$)/i

function matchesScheme(condition: StringMatch | undefined, { scheme = 'http' }: Call): Tristate {
  const possible = scheme === 'unknown' ? ['http', 'https'] : [scheme]
  const results = new Set(possible.map(one => matchesText(condition, one)))
  return results.size > 1 ? undefined : results.has(true)
}

/** A model that defines its own paths has requests below every prefix; other conditions are not met by all of them. */
function matchesPath(uri: StringMatch | undefined, { path, pathPrefix = '/' }: Call, ignoreCase: boolean): boolean {
  if (uri === undefined) return true
  const text = path ?? pathPrefix
  const [{ exact, prefix }, sent] = ignoreCase ? [lowerCase(uri), text.toLowerCase()] : [uri, text]
  if (path !== undefined) return matchesText({ ...uri, exact, prefix }, sent)
  return prefix === undefined ? uri.regex !== undefined && matchesRegex(uri.regex, sent) : sent.startsWith(prefix)
}

const lowerCase = ({ exact, prefix }: StringMatch) => ({ exact: exact?.toLowerCase(), prefix: prefix?.toLowerCase() })

function hasHeader({ headers }: Call, name: string, value: StringMatch | null): boolean {
  const sent = headers[name.toLowerCase()]
  return sent !== undefined && (value === null || matchesText(value, sent))
}

/**
 * True if a header excludes the request: it meets the condition. A missing header is treated as empty, unless the condition
 * is only that the header exists.
 */
function isExcluded(call: Call, name: string, value: StringMatch | null): boolean {
  if (value === null || isPresence(value)) return hasHeader(call, name, null)
  return matchesText(value, call.headers[name.toLowerCase()] ?? '')
}

/** True if any text meets the condition. */
const isPresence = ({ exact, prefix, regex }: StringMatch) =>
  exact === undefined && prefix === undefined && (regex === undefined || regex === '*')

/** An empty condition, and the regular expression `*`, match any text. */
function matchesText(match: StringMatch | undefined, text: string): boolean {
  if (match === undefined || isPresence(match)) return true
  const { exact, prefix, regex = '' } = match
  if (exact !== undefined) return exact === text
  return prefix === undefined ? matchesRegex(regex, text) : text.startsWith(prefix)
}

/**
 * True if a route with this condition matches every request of the proxies that have it.
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (IsCatchAllRoute)
 */
export function isCatchAll({ uri = {}, method, authority, scheme, ...maps }: HttpMatch): boolean {
  const { queryParams = {}, headers = {}, withoutHeaders = {} } = maps
  const { exact, prefix = '/', regex = '.*' } = uri
  return (
    exact === undefined &&
    prefix === '/' &&
    regex === '.*' &&
    [method, authority, scheme].every(one => one === undefined) &&
    [queryParams, headers, withoutHeaders].every(one => Object.keys(one).length === 0)
  )
}
