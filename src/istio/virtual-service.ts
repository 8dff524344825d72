import type { HttpMatch, HttpRoute, StringMatch } from '../state/kinds/virtual-service.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { meshOf } from './mesh.ts'

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
export function gatewaysOf({ namespace, spec }: VirtualService): readonly string[] {
  return spec.gateways.length === 0 ? [MESH] : spec.gateways.map(name => gatewayName(name, namespace))
}

/**
 * True if proxies of a namespace use the VirtualService.
 * @see istio 1.31 pilot/pkg/model/push_context.go (initVirtualServices)
 */
export function isExportedTo(view: View<'ConfigMap'>, virtualService: VirtualService, to: string): boolean {
  return exportsOf(view, virtualService).some(
    one => one === '*' || one === to || (one === '.' && to === virtualService.namespace)
  )
}

/** Namespaces that a VirtualService is exported to: `*` is all, `.` its own. */
export function exportsOf(view: View<'ConfigMap'>, { spec }: VirtualService): readonly string[] {
  const { exportTo = [] } = spec
  return exportTo.length > 0 ? exportTo : meshOf(view).virtualServiceExportTo
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
 * HTTP routes of a VirtualService, with those of its delegates in their place.
 * @see istio 1.31 pilot/pkg/model/virtualservice.go (MergeHTTPRoutes)
 */
export function httpRoutesOf(view: View<'VirtualService' | 'ConfigMap'>, root: VirtualService): readonly HttpRoute[] {
  return (root.spec.http ?? []).flatMap((route): readonly HttpRoute[] => {
    const { name = '', namespace = root.namespace } = route.delegate ?? {}
    if (route.delegate === undefined) return [route]
    const delegate = view.get('VirtualService', namespace, name)
    // A delegate has no hosts and must be exported to the namespace of its root; it delegates no further.
    if (delegate === undefined || delegate.spec.hosts.length > 0) return []
    if (!isExportedTo(view, delegate, root.namespace)) return []
    const leaves = (delegate.spec.http ?? []).filter(one => one.delegate === undefined)
    return leaves.map(one => merged(route, one)).filter(one => one !== undefined)
  })
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

function mergedMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  return {
    ...root,
    ...leaf,
    ...bothOf('headers', root, leaf),
    ...bothOf('withoutHeaders', root, leaf),
    ...bothOf('queryParams', root, leaf),
    ...bothOf('sourceLabels', root, leaf)
  }
}

type Maps = 'headers' | 'withoutHeaders' | 'queryParams' | 'sourceLabels'

const bothOf = (field: Maps, root: HttpMatch, leaf: HttpMatch) =>
  root[field] === undefined && leaf[field] === undefined ? {} : { [field]: { ...root[field], ...leaf[field] } }

/** @see istio 1.31 pilot/pkg/model/virtualservice.go (hasConflict) */
function conflict(root: HttpMatch, leaf: HttpMatch): boolean {
  const texts = (['uri', 'scheme', 'method', 'authority'] as const).some(field => excludes(root[field], leaf[field]))
  const maps = (['headers', 'withoutHeaders', 'queryParams'] as const).some(field =>
    Object.entries(leaf[field] ?? {}).some(([key, value]) => excludes(root[field]?.[key], value))
  )
  const { port, sourceNamespace, sourceLabels = {}, gateways } = root
  return (
    texts ||
    maps ||
    (root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false) ||
    (port !== undefined && leaf.port !== undefined && port !== leaf.port) ||
    (sourceNamespace !== undefined && leaf.sourceNamespace !== sourceNamespace) ||
    Object.entries(leaf.sourceLabels ?? {}).some(([key, value]) => (sourceLabels[key] ?? value) !== value) ||
    (leaf.gateways ?? []).some(one => gateways !== undefined && !gateways.includes(one))
  )
}

type Condition = StringMatch | null | undefined

/** True unless the root's condition covers the delegate's: equal, or a prefix of it. */
function excludes(root: Condition, leaf: Condition): boolean {
  if (root == null || leaf == null) return false
  if (root.exact !== undefined) return leaf.exact !== root.exact
  return root.prefix === undefined || !(leaf.exact ?? leaf.prefix ?? '').startsWith(root.prefix) || isRegex(leaf)
}

const isRegex = ({ regex }: StringMatch) => regex !== undefined
