import type { Call } from '../istio/request.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import { nameOf, type ResourceOf } from '../state/resource.ts'
import { coversHost, isWildcard } from '../text/host.ts'
import {
  type Backend,
  byPrecedence,
  EVERYTHING,
  EXPRESSIONS_LAST,
  matchesCall,
  type RouteEntry
} from './route-match.ts'

type HttpRoute = ResourceOf<'HTTPRoute'>
type Ingress = ResourceOf<'Ingress'>
export type RouteObject = RouteEntry['object']

/** Routes of an object by host, without those of weight 0. */
export const entriesOf: (object: RouteObject) => readonly RouteEntry[] = memoize(object =>
  object.kind === 'HTTPRoute' ? httpRouteEntries(object) : ingressEntries(object)
)

function httpRouteEntries(object: HttpRoute): readonly RouteEntry[] {
  const { hostnames, rules } = object.spec
  const hosts = hostnames.length === 0 ? ['*'] : hostnames
  return rules.flatMap(({ matches, filters, backendRefs }, rule) => {
    const used = backendRefs.filter(({ weight = 1 }) => weight > 0)
    const other = used.find(({ group = '', kind = 'Service' }) => group !== '' || kind !== 'Service')
    const isSplit = used.length > 1 && used.some(one => one.filters.length > 0)
    const entry = {
      object,
      rule,
      field: `spec.rules[${rule}]`,
      filters: [...filters, ...used.flatMap(one => one.filters)],
      backends: used.map(({ namespace = object.namespace, name, port }): Backend => ({ namespace, name, port })),
      unknownReason: other
        ? `backend ${other.kind} of ${nameOf(object)} is not modeled`
        : isSplit
          ? `filters of single backends of ${nameOf(object)} are not modeled`
          : undefined
    }
    return (matches.length === 0 ? [EVERYTHING] : matches).flatMap(match =>
      hosts.map(hostname => ({ ...entry, hostname, match }))
    )
  })
}

/**
 * Routes of an Ingress. Its default backend has no effect in Istio.
 * @see istio 1.31 pilot/pkg/config/kube/ingress/conversion.go (ConvertIngressVirtualService)
 */
function ingressEntries(object: Ingress): readonly RouteEntry[] {
  return object.spec.rules.flatMap(({ host = '', http }, rule) =>
    (http?.paths ?? []).map(({ path, pathType, backend }, i) => {
      const service = backend?.service
      return {
        object,
        hostname: host === '' ? '*' : host,
        match: { ...EVERYTHING, path: toPathMatch(path, pathType) },
        rule,
        field: `spec.rules[${rule}].http.paths[${i}]`,
        filters: [],
        backends:
          service === undefined
            ? []
            : [{ namespace: object.namespace, name: service.name, port: service.port?.number ?? service.port?.name }],
        unknownReason: service === undefined ? `a backend of ${nameOf(object)} is not modeled` : undefined
      }
    })
  )
}

/** @see istio 1.31 pilot/pkg/config/kube/ingress/conversion.go (createStringMatch, createFallbackStringMatch) */
function toPathMatch(path = '', pathType = 'ImplementationSpecific') {
  if (pathType !== 'ImplementationSpecific') return { type: pathType === 'Exact' ? 'Exact' : 'PathPrefix', value: path }
  if (path === '') return undefined
  return path.endsWith('.*') ? { type: 'PathPrefix', value: path.slice(0, -2) } : { type: 'Exact', value: path }
}

/** Objects with a route for a host, or for every host. */
export function routesFor<T extends RouteObject>(objects: readonly T[], host: string): readonly T[] {
  const { exact, wildcards } = byHost(objects) as HostIndex<T>
  return [
    ...(exact.get(host) ?? []),
    ...wildcards.filter(({ hostname }) => coversHost(hostname, host)).map(({ object }) => object)
  ]
}

interface HostIndex<T> {
  readonly exact: ReadonlyMap<string, readonly T[]>
  readonly wildcards: readonly { readonly hostname: string; readonly object: T }[]
}

const byHost = memoize((objects: readonly RouteObject[]): HostIndex<RouteObject> => {
  const exact = new Map<string, RouteObject[]>()
  const wildcards: { hostname: string; object: RouteObject }[] = []
  for (const object of objects) {
    for (const hostname of new Set(entriesOf(object).map(one => one.hostname))) {
      if (isWildcard(hostname)) wildcards.push({ hostname, object })
      else getOrAdd(exact, hostname, (): RouteObject[] => []).push(object)
    }
  }
  return { exact, wildcards }
})

/** Routes that a request can take: the first that matches for certain, after those of which that is not known. */
export interface Selection {
  readonly entries: readonly RouteEntry[]
  /** False: the request may match none of them. */
  readonly isComplete: boolean
}

/**
 * Selects among the routes with the most specific host, as a virtual host of Envoy does.
 *
 * @param pathTypes from the last to the first that is tried
 */
export function selectRoutes(
  objects: readonly RouteObject[],
  call: Call,
  pathTypes: readonly string[] = EXPRESSIONS_LAST
): Selection {
  const covering = [...new Set(objects)].flatMap(entriesOf).filter(({ hostname }) => coversHost(hostname, call.host))
  const specificity = ({ hostname }: RouteEntry) => (isWildcard(hostname) ? hostname.length : Number.POSITIVE_INFINITY)
  const most = Math.max(...covering.map(specificity))
  const entries = covering.filter(one => specificity(one) === most)
  return selectEntries(entries, call, pathTypes)
}

/** Selects among the routes of one virtual host. */
export function selectEntries(
  all: readonly RouteEntry[],
  call: Call,
  pathTypes: readonly string[] = EXPRESSIONS_LAST
): Selection {
  const entries: RouteEntry[] = []
  for (const entry of [...all].sort(byPrecedence(pathTypes))) {
    const isMatch = matchesCall(entry.match, call)
    if (isMatch !== false) entries.push(entry)
    if (isMatch === true) return { entries, isComplete: true }
  }
  return { entries, isComplete: false }
}
