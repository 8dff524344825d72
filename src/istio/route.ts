import type { HttpMatch, HttpRoute } from '../state/kinds/virtual-service.ts'
import type { View } from '../state/snapshot.ts'
import { replaceRegex } from '../text/regex.ts'
import type { Call } from './request.ts'
import { isCatchAll, isForProxy, matchesCall, type RoutingProxy } from './route-match.ts'
import { httpRoutesOf, type VirtualService } from './virtual-service.ts'

/** Route of a proxy: one condition of a route in a VirtualService. */
export interface ProxyRoute {
  readonly virtualService: VirtualService
  readonly route: HttpRoute
  /** Absent: all requests. */
  readonly match: HttpMatch | undefined
  /** Port of the proxy's listener. */
  readonly port: number
}

/** Where a route sends a request, and the request as it is sent. */
export interface Forwarded {
  readonly host: string
  /** Absent: the only port of the Service, else `listenerPort`. */
  readonly port: number | undefined
  readonly listenerPort: number
  readonly subset: string | undefined
  readonly call: Call
}

/** What a route answers itself. */
export type Answer = 'redirect' | 'direct response' | 'fault'

/** What becomes of a request at the routes of a VirtualService. */
export type Routed = {
  readonly virtualService: VirtualService
  /** True if a condition of the route may not match. */
  readonly isUncertain?: boolean
} & (
  | { readonly is: 'forwarded'; readonly destinations: readonly Forwarded[] }
  | { readonly is: 'answered'; readonly by: Answer }
)

/**
 * Routes that a proxy has of a VirtualService, up to the first that matches every request.
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (BuildHTTPRoutesForVirtualService)
 */
export function routesFor(
  view: View<'VirtualService' | 'ConfigMap'>,
  virtualService: VirtualService,
  proxy: RoutingProxy
): readonly ProxyRoute[] {
  const routes: ProxyRoute[] = []
  for (const route of httpRoutesOf(view, virtualService)) {
    for (const match of conditionsOf(route)) {
      if (match !== undefined && !isForProxy(match, proxy)) continue
      const one = { virtualService, route, match, port: proxy.port }
      routes.push(one)
      if (isCatchAllRoute(one)) return routes
    }
  }
  return routes
}

const conditionsOf = ({ match = [] }: HttpRoute): readonly (HttpMatch | undefined)[] =>
  match.length === 0 ? [undefined] : match

export function isCatchAllRoute({ match }: ProxyRoute): boolean {
  return match === undefined || isCatchAll(match)
}

/**
 * Result of the first route that matches, or whose match is not known; absent without one (404).
 *
 * @param hasClaims true if the proxy has validated the JWT of the request
 */
export function firstMatch(routes: readonly ProxyRoute[], call: Call, hasClaims = false): Routed | undefined {
  for (const route of routes) {
    const isMatch = route.match === undefined || matchesCall(route.match, call, hasClaims)
    if (isMatch !== false) return { ...applyRoute(route, call), ...(isMatch ? {} : { isUncertain: true }) }
  }
  return undefined
}

/** @see istio 1.31 pilot/pkg/networking/core/route/route.go (TranslateRoute, applyHTTPRouteDestination) */
function applyRoute({ virtualService, route, match, port: listenerPort }: ProxyRoute, call: Call): Routed {
  const answer = answerOf(route)
  if (answer !== undefined) return { virtualService, is: 'answered', by: answer }
  const targets = route.route ?? []
  const isSingle = targets.length === 1
  const weighted = isSingle ? targets : targets.filter(({ weight = 0 }) => weight > 0)
  const rewritten = rewrite(route, match, call)
  const authority = route.rewrite?.authority || authorityIn(route.headers)
  const destinations = weighted.map(({ destination, headers }): Forwarded => {
    // Envoy applies the headers of a weighted destination before those of the route, and of a single one after them.
    const operations = isSingle ? [[route.headers, headers]] : [[headers], [route.headers]]
    return {
      host: destination.host,
      port: destination.port?.number,
      listenerPort,
      subset: destination.subset,
      call: {
        ...rewritten,
        host: authority || authorityIn(headers) || call.host,
        headers: operations.reduce(withHeaders, call.headers)
      }
    }
  })
  return { virtualService, is: 'forwarded', destinations }
}

/** A route that answers all requests; a fault that hits only some of them is no answer. */
function answerOf({ redirect, directResponse, fault }: HttpRoute): Answer | undefined {
  if (redirect !== undefined) return 'redirect'
  if (directResponse !== undefined) return 'direct response'
  return fault?.abort?.percentage?.value === ALWAYS ? 'fault' : undefined
}

const ALWAYS = 100

/** A prefix is replaced where the condition is a prefix; otherwise the whole path. */
function rewrite({ rewrite: rewriting }: HttpRoute, match: HttpMatch | undefined, call: Call): Call {
  const { uri, uriRegexRewrite } = rewriting ?? {}
  if (uriRegexRewrite !== undefined) {
    const { match: pattern = '', rewrite: by = '' } = uriRegexRewrite
    return { ...call, path: call.path && replaceRegex(call.path, pattern, by), pathPrefix: undefined }
  }
  if (uri === undefined || uri === '') return call
  const { exact, prefix = '/', regex } = match?.uri ?? {}
  if (exact !== undefined || regex !== undefined) return { ...call, path: uri, pathPrefix: undefined }
  const replace = (text: string) => `${uri}${text.slice(prefix.length)}`
  return {
    ...call,
    path: call.path && replace(call.path),
    pathPrefix: call.pathPrefix && replace(call.pathPrefix)
  }
}

type Headers = HttpRoute['headers']

const isAuthority = (name: string) => name.toLowerCase() === 'host' || name.toLowerCase() === ':authority'

function authorityIn(headers: Headers): string | undefined {
  const { set = {}, add = {} } = headers?.request ?? {}
  return [...Object.entries(set), ...Object.entries(add)].find(([name]) => isAuthority(name))?.[1]
}

/**
 * Headers after operations: Envoy removes first, then sets and adds in turn.
 * @see istio 1.31 pilot/pkg/networking/core/route/route.go (TranslateHeadersOperations)
 */
function withHeaders(sent: Call['headers'], operations: readonly Headers[]): Call['headers'] {
  const requests = operations.map(one => one?.request ?? {})
  const next = new Map(Object.entries(sent))
  for (const { remove = [] } of requests) for (const name of remove) next.delete(name.toLowerCase())
  for (const { set = {}, add = {} } of requests) {
    for (const [name, value] of fieldsIn(set)) next.set(name, value)
    for (const [name, value] of fieldsIn(add)) next.set(name, appended(next.get(name), value))
  }
  return Object.fromEntries(next)
}

const appended = (before: string | undefined, value: string) => (before === undefined ? value : `${before},${value}`)

/** Headers that a route can change by name, in lower case. */
const fieldsIn = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).flatMap(([name, value]) =>
    isAuthority(name) || name.startsWith(':') ? [] : [[name.toLowerCase(), value] as const]
  )
