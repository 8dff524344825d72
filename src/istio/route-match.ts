import type { HttpMatch, StringMatch } from '../state/kinds/virtual-service.ts'
import { matchesRegex } from '../text/regex.ts'
import { hasLabels, type Labels } from '../text/selector.ts'
import type { Call } from './request.ts'
import { gatewayName } from './virtual-service.ts'

/** Proxy that routes a request, as conditions of routes see it. */
export interface RoutingProxy {
  readonly namespace: string
  readonly labels: Labels
  /** Gateway (`namespace/name`) of the server, or `mesh` in sidecars. */
  readonly gateway: string
  /** Port of the Gateway's server, or of the Service. */
  readonly port: number
}

/**
 * True if a proxy has the route of this condition at all.
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (sourceMatchHTTP, TranslateRoute)
 */
export function isForProxy(
  { port, gateways = [], sourceLabels = {}, sourceNamespace = '' }: HttpMatch,
  owner: string,
  proxy: RoutingProxy
): boolean {
  if (port !== undefined && port !== 0 && port !== proxy.port) return false
  if (gateways.length > 0) return gateways.some(name => gatewayName(name, owner) === proxy.gateway)
  return hasLabels(proxy.labels, sourceLabels) && (sourceNamespace === '' || sourceNamespace === proxy.namespace)
}

/**
 * True if a request meets the condition. The request is the one that callers send without any effort: it has no query, and
 * no headers but the known ones.
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (TranslateRouteMatch)
 */
export function matchesCall(match: HttpMatch, call: Call): boolean {
  const { uri, method, authority, scheme, queryParams = {}, headers = {}, withoutHeaders = {} } = match
  return (
    matchesPath(uri, call, match.ignoreUriCase ?? false) &&
    matchesText(method, call.method) &&
    matchesText(authority, call.host) &&
    matchesText(scheme, 'http') &&
    Object.keys(queryParams).length === 0 &&
    Object.entries(headers).every(([name, value]) => hasHeader(call, name, value)) &&
    !Object.entries(withoutHeaders).some(([name, value]) => hasHeader(call, name, value))
  )
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

/** An empty condition, and the regular expression `*`, match any text. */
function matchesText(match: StringMatch | undefined, text: string): boolean {
  if (match === undefined) return true
  if (match.exact !== undefined) return match.exact === text
  if (match.prefix !== undefined) return text.startsWith(match.prefix)
  return match.regex === undefined || match.regex === '*' || matchesRegex(match.regex, text)
}

/** True if a route with this condition matches every request. */
export function isCatchAll({
  uri,
  method,
  authority,
  scheme,
  queryParams,
  headers,
  withoutHeaders
}: HttpMatch): boolean {
  const isAnyPath = uri === undefined || uri.prefix === '/' || uri.regex === '.*'
  const others = [method, authority, scheme]
  const maps = [queryParams, headers, withoutHeaders]
  return (
    isAnyPath &&
    others.every(one => one === undefined) &&
    maps.every(one => one === undefined || Object.keys(one).length === 0)
  )
}
