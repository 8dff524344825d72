import type { Call } from '../istio/request.ts'
import type { Filter, Match } from './route-match.ts'

/** Filters without an effect on the request. */
const WITHOUT_EFFECT = ['RequestMirror', 'ResponseHeaderModifier', 'CORS']

/** What filters do to a request: change it, answer with a redirect, or something that is not modeled. */
export type Filtered =
  | { readonly is: 'forwarded'; readonly call: Call }
  | { readonly is: 'redirected'; readonly call: Call }
  | { readonly is: 'unknown'; readonly type: string; readonly call: Call }

/** @see gateway-api 1.6 apis/v1/httproute_types.go (HTTPRouteFilter) */
export function applyFilters(filters: readonly Filter[], match: Match, arrived: Call): Filtered {
  let call = arrived
  for (const { type = '', requestHeaderModifier, requestRedirect, urlRewrite } of filters) {
    if (WITHOUT_EFFECT.includes(type)) continue
    if (type === 'RequestRedirect' && requestRedirect !== undefined) return { is: 'redirected', call }
    if (type === 'RequestHeaderModifier' && requestHeaderModifier !== undefined)
      call = { ...call, headers: modifyHeaders(call.headers, requestHeaderModifier) }
    else if (type === 'URLRewrite' && urlRewrite !== undefined) call = rewrite(call, urlRewrite, match)
    else return { is: 'unknown', type, call }
  }
  return { is: 'forwarded', call }
}

/** A header that is added to an unknown one, or removed, is not known any more. */
function modifyHeaders(
  headers: Call['headers'],
  { set, add, remove }: NonNullable<Filter['requestHeaderModifier']>
): Call['headers'] {
  const gone = [...add.map(({ name }) => name), ...remove].map(name => name.toLowerCase())
  return {
    ...Object.fromEntries(Object.entries(headers).filter(([name]) => !gone.includes(name))),
    ...Object.fromEntries(set.map(({ name, value }) => [name.toLowerCase(), value]))
  }
}

function rewrite(
  call: Call,
  { hostname = call.host, path: modifier }: NonNullable<Filter['urlRewrite']>,
  match: Match
): Call {
  const { replaceFullPath, replacePrefixMatch } = modifier ?? {}
  if (replaceFullPath !== undefined) return { ...call, host: hostname, path: replaceFullPath }
  if (replacePrefixMatch === undefined || call.path === undefined) return { ...call, host: hostname }
  const rest = call.path.slice((match.path?.value ?? '/').replace(/\/$/, '').length)
  return { ...call, host: hostname, path: `${replacePrefixMatch.replace(/\/$/, '')}${rest}` || '/' }
}
