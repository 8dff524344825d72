import { byCreationTime } from '../state/creation-order.ts'
import type { HttpMatch, HttpRoute, StringMatch } from '../state/kinds/virtual-service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { toFullName } from '../text/host.ts'
import { meshOf } from './mesh.ts'
import { isVisibleIn } from './sidecar.ts'

export type VirtualService = ResourceOf<'VirtualService'>

/** Gateway name of sidecars. */
export const MESH = 'mesh'

/**
 * `namespace/name` of a Gateway that an object of a namespace names.
 * @see istio 1.31 pilot/pkg/model/config.go (resolveGatewayName)
 */
export function gatewayName(name: string, namespace: string): string {
  if (name === MESH || name.includes('/')) return name.startsWith('./') ? `${namespace}/${name.slice(2)}` : name
  if (!name.includes('.')) return `${namespace}/${name}`
  const [first = '', other = ''] = name.split('.')
  return `${other}/${first}`
}

/** Gateways that a VirtualService is bound to: `namespace/name`, or `mesh`, which is the default. */
export const gatewaysOf = memoize(
  ({ namespace, spec }: VirtualService): ReadonlySet<string> =>
    new Set(spec.gateways.length === 0 ? [MESH] : spec.gateways.map(name => gatewayName(name, namespace)))
)

/** True if proxies of a namespace see the VirtualService. */
export function isExportedTo(view: View<'ConfigMap'>, virtualService: VirtualService, namespace: string): boolean {
  return isVisibleIn(exportsOf(view, virtualService), virtualService.namespace, namespace)
}

/** Namespaces that a VirtualService is exported to: `*` is all, `.` its own, `~` none. */
export function exportsOf(view: View<'ConfigMap'>, { spec }: VirtualService): readonly string[] {
  const { exportTo = [] } = spec
  return exportTo.length > 0 ? exportTo : meshOf(view).virtualServiceExportTo
}

type Visibility = 'own' | 'exported' | 'public'
const PRECEDENCE: readonly Visibility[] = ['own', 'exported', 'public']

function visibilityOf(view: View<'ConfigMap'>, virtualService: VirtualService, to: string): Visibility {
  if (exportsOf(view, virtualService).includes('*')) return 'public'
  return virtualService.namespace === to ? 'own' : 'exported'
}

/** Namespaces for whose requests alone a VirtualService has routes. */
export const sourceNamespacesOf: (
  view: View<'VirtualService' | 'ConfigMap'>,
  virtualService: VirtualService
) => ReadonlySet<string> = memoizeInView((view, virtualService) => {
  const matches = httpRoutesOf(view, virtualService).flatMap(({ match }) => match ?? [])
  return new Set(matches.flatMap(({ sourceNamespace = '' }) => (sourceNamespace === '' ? [] : [sourceNamespace])))
})

/**
 * VirtualServices that proxies of a namespace use, in the order of precedence: those that only the namespace of the proxy
 * sees, those that are exported to it by name, then public ones; the oldest first.
 * @see istio 1.31 pilot/pkg/model/push_context.go (initVirtualServices, VirtualServicesForGateway),
 * pilot/pkg/model/virtualservice.go (SelectVirtualServices)
 */
export function visibleTo(
  view: View<'ConfigMap'>,
  virtualServices: readonly VirtualService[],
  namespace: string
): readonly VirtualService[] {
  const visible = virtualServices.filter(one => isExportedTo(view, one, namespace)).sort(byCreationTime)
  return PRECEDENCE.flatMap(level => visible.filter(one => visibilityOf(view, one, namespace) === level))
}

/**
 * HTTP routes of a VirtualService, with those of its delegates in their place, and with full names of gateways and
 * destinations: short names are relative to the VirtualService that has them.
 * @see istio 1.31 pilot/pkg/model/virtualservice.go (MergeHTTPRoutes), virtualservice_controller.go (mergeVirtualServices)
 */
export function httpRoutesOf(view: View<'VirtualService' | 'ConfigMap'>, root: VirtualService): readonly HttpRoute[] {
  const { clusterDomain } = view.settings
  return resolvedRoutes(root, clusterDomain).flatMap((route): readonly HttpRoute[] => {
    if (route.delegate === undefined) return [route]
    const delegate = delegateOf(view, root, route)
    if (delegate === undefined) return []
    const leaves = resolvedRoutes(delegate, clusterDomain).filter(one => one.delegate === undefined)
    return leaves.map(one => merged(route, one)).filter(one => one !== undefined)
  })
}

/** A delegate has no hosts and must be exported to the namespace of its root; it delegates no further. */
export function delegateOf(
  view: View<'VirtualService' | 'ConfigMap'>,
  root: VirtualService,
  route: HttpRoute
): VirtualService | undefined {
  if (route.delegate === undefined) return undefined
  const { name = '', namespace = root.namespace } = route.delegate
  const delegate = view.get('VirtualService', namespace, name)
  if (delegate === undefined || delegate.spec.hosts.length > 0) return undefined
  return isExportedTo(view, delegate, root.namespace) ? delegate : undefined
}

const resolvedRoutes = (virtualService: VirtualService, clusterDomain: string) =>
  getOrAdd(routesByDomain(virtualService), clusterDomain, () => resolve(virtualService, clusterDomain))

const routesByDomain = memoize((_virtualService: VirtualService) => new Map<string, readonly HttpRoute[]>())

/** @see istio 1.31 pilot/pkg/model/virtualservice.go (ResolveVirtualServiceShortnames) */
function resolve({ namespace, spec }: VirtualService, clusterDomain: string): readonly HttpRoute[] {
  const toMatch = (match: HttpMatch): HttpMatch =>
    match.gateways === undefined
      ? match
      : { ...match, gateways: match.gateways.map(name => gatewayName(name, namespace)) }
  return (spec.http ?? []).map(one => ({
    ...one,
    match: one.match?.map(toMatch),
    route: one.route?.map(({ destination, ...rest }) => ({
      ...rest,
      destination: { ...destination, host: toFullName(destination.host, namespace, clusterDomain) }
    }))
  }))
}

/** Absent if the conditions exclude each other. */
function merged({ delegate: _, ...root }: HttpRoute, leaf: HttpRoute): HttpRoute | undefined {
  const match = mergedMatches(root.match ?? [], leaf.match ?? [])
  return match && { ...root, ...leaf, match }
}

function mergedMatches(roots: readonly HttpMatch[], leaves: readonly HttpMatch[]): HttpMatch[] | undefined {
  if (roots.length === 0) return [...leaves]
  if (leaves.length === 0) return [...roots]
  const perLeaf = leaves.map(leaf => roots.filter(root => !conflict(root, leaf)).map(root => mergedMatch(root, leaf)))
  return perLeaf.some(some => some.length === 0) ? undefined : perLeaf.flat()
}

/** @see istio 1.31 pilot/pkg/model/virtualservice.go (mergeHTTPMatchRequest) */
function mergedMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  const { gateways = [] } = leaf
  return {
    ...root,
    ...leaf,
    port: leaf.port || root.port,
    gateways: gateways.length > 0 ? gateways : root.gateways,
    headers: { ...root.headers, ...leaf.headers },
    withoutHeaders: { ...root.withoutHeaders, ...leaf.withoutHeaders },
    queryParams: { ...root.queryParams, ...leaf.queryParams },
    sourceLabels: { ...root.sourceLabels, ...leaf.sourceLabels }
  }
}

/** @see istio 1.31 pilot/pkg/model/virtualservice.go (hasConflict) */
function conflict(root: HttpMatch, leaf: HttpMatch): boolean {
  const texts = (['uri', 'scheme', 'method', 'authority'] as const).some(field => excludes(root[field], leaf[field]))
  const maps = (['headers', 'withoutHeaders', 'queryParams'] as const).some(field =>
    Object.entries(leaf[field] ?? {}).some(([key, value]) => excludes(root[field]?.[key], value))
  )
  const { port, sourceNamespace, sourceLabels = {}, gateways = [] } = root
  return (
    texts ||
    maps ||
    (root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false) ||
    Boolean(port && leaf.port && port !== leaf.port) ||
    Boolean(sourceNamespace && leaf.sourceNamespace !== sourceNamespace) ||
    Object.entries(leaf.sourceLabels ?? {}).some(([key, value]) => (sourceLabels[key] ?? value) !== value) ||
    (gateways.length > 0 && (leaf.gateways ?? []).some(one => !gateways.includes(one)))
  )
}

type Condition = StringMatch | null | undefined

/**
 * True unless the root's condition covers the delegate's: equal texts, or a prefix of the text. Of two regular expressions
 * it is not known, so they exclude each other.
 * @see istio 1.31 pilot/pkg/model/virtualservice.go (stringMatchConflict)
 */
function excludes(root: Condition, leaf: Condition): boolean {
  if (root == null || leaf == null) return false
  if (root.exact !== undefined) return leaf.exact !== root.exact
  const text = leaf.exact ?? leaf.prefix
  return root.prefix === undefined || text === undefined || !text.startsWith(root.prefix)
}
