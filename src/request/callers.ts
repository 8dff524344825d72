import { policiesFor } from '../istio/authorization.ts'
import { ANY_ADDRESS } from '../istio/ip-blocks.ts'
import { meshOf } from '../istio/mesh.ts'
import { namedExports } from '../istio/named-exports.ts'
import { namedSources } from '../istio/named-sources.ts'
import type { Call } from '../istio/request.ts'
import { exportedTo, importsOwnNamespace } from '../istio/sidecar.ts'
import { exportsOf, sourceNamespacesOf, type VirtualService } from '../istio/virtual-service.ts'
import { namespacesInPolicies } from '../kubernetes/network-callers.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost } from '../text/host.ts'
import { matchesAnywhere } from '../text/pattern.ts'
import type { InFlightRequest, PathKinds, TrafficSource } from './caller.ts'
import { type Called, callerClasses } from './caller-classes.ts'
import { ambientNamespaces, dataPlaneIn } from './data-plane.ts'
import { virtualServicesOf } from './mesh-routes.ts'

/** Client with a sidecar in a namespace without configuration for what it sends. */
export const ANY_MESH_CLIENT: Workload = {
  namespace: '',
  name: 'caller',
  labels: {},
  serviceAccount: 'default',
  proxy: 'sidecar',
  ports: [],
  address: ANY_ADDRESS,
  unknownLabels: 'chosen'
}

/** Client without a sidecar, in the cluster or external. */
export const NON_MESH_CLIENT: Workload = { ...ANY_MESH_CLIENT, serviceAccount: '', proxy: 'none' }

/** Client without a sidecar, in an unspecified namespace. */
export const NON_MESH_SOURCE: TrafficSource = {
  caller: { caller: 'non-mesh', from: undefined },
  pods: [NON_MESH_CLIENT],
  expected: false
}

/**
 * Callers in the mesh: any with a sidecar, and namespaces of which configuration on the path speaks, if they are in it: policies
 * name them or their pattern, DestinationRules lie in them or are exported to them, they have a Sidecar, ztunnel captures them, NetworkPolicies
 * distinguish them. Namespaces with equal configuration form one caller class.
 *
 * @param representative namespace that represents its class, if it is in one; by default the first in order
 */
export function meshSources(view: View<PathKinds>, called: Called, representative?: string): readonly TrafficSource[] {
  const accounts = accountsNamed(view, called.servers)
  for (const namespace of namespacesWithConfig(view, called))
    if (exists(view, namespace)) getOrAdd(accounts, namespace, newSet)
  for (const namespace of namespacesInPolicies(view, called.servers))
    if (isCaller(view, namespace)) getOrAdd(accounts, namespace, newSet)
  const inOrder = [...accounts].sort(([a], [b]) =>
    a === representative ? -1 : b === representative ? 1 : a < b ? -1 : 1
  )
  const namespaces = new Map(
    inOrder.flatMap(([namespace, names]) => {
      const dataPlane = dataPlaneIn(view, namespace)
      const accounts = [ANY_MESH_CLIENT.serviceAccount, ...[...names].sort()] as const
      return dataPlane === undefined ? [] : [[namespace, { accounts, dataPlane }] as const]
    })
  )
  return [
    { caller: { caller: 'in-mesh', from: undefined }, pods: [ANY_MESH_CLIENT] },
    ...callerClasses(view, namespaces, called).map(({ namespaces: from, accounts, dataPlane }): TrafficSource => {
      const { expected, ...own } = dataPlane
      const toPod = (serviceAccount: string) => ({ ...ANY_MESH_CLIENT, namespace: from[0], serviceAccount, ...own })
      const [first, ...others] = accounts
      return { caller: { caller: 'in-mesh', from }, pods: [toPod(first), ...others.map(toPod)], expected }
    })
  ]
}

/** All combinations of pods and calls. */
export function candidateCalls(
  pods: readonly [Workload, ...Workload[]],
  calls: readonly [Call, ...Call[]]
): readonly [InFlightRequest, ...InFlightRequest[]] {
  const [first, ...others] = pods.flatMap(pod => calls.map(call => ({ at: [pod], call })))
  return [first as InFlightRequest, ...others]
}

/** Namespaces whose clients can use another configuration than those of any namespace. */
function namespacesWithConfig(view: View<PathKinds>, { hosts, call }: Called): readonly string[] {
  const called = [...new Set(hosts.map(namespaceOf))]
  return [
    ...virtualServicesOf(view, call).flatMap(one => namespacesWithRoute(view, one)),
    ...hosts.flatMap(host => namespacesWithRule(view, host)),
    ...view.list('Sidecar').map(({ namespace }) => namespace),
    ...called.flatMap(namespace => [...exportTargets(view, namespace)]),
    ...(importsOwnNamespace(view) ? called : []),
    ...ambientNamespaces(view, 'all').filter(one => !isHopNamespace(view, one))
  ]
}

const namespaceOf = (host: string) => host.split('.')[1] ?? ''

/** Namespaces with a DestinationRule for a host, and those to which one is exported by name. */
function namespacesWithRule(view: View<PathKinds>, host: string): readonly string[] {
  return view
    .destinationRulesIn(namespaceOf(host))
    .filter(({ host: pattern }) => coversHost(pattern, host))
    .flatMap(({ destinationRule: { namespace, spec } }) => [namespace, ...namedExports(view, spec.exportTo)])
}

/** Namespaces of sidecars that use a VirtualService which others do not use, or other routes of it. */
function namespacesWithRoute(view: View<PathKinds>, virtualService: VirtualService): readonly string[] {
  const exportTo = exportsOf(view, virtualService)
  const own = importsOwnNamespace(view) || exportTo.includes('.') ? [virtualService.namespace] : []
  return [...own, ...namedExports(view, exportTo), ...sourceNamespacesOf(view, virtualService)]
}

/** Namespaces to which Services of a namespace are exported by name; and that namespace, if it sees more than others. */
const exportTargets: (view: View<'Service' | 'ConfigMap' | 'Namespace'>, namespace: string) => ReadonlySet<string> =
  memoizeInView((view, namespace) => {
    const { serviceExportTo } = meshOf(view)
    const exports = new Set(view.list('Service', namespace).map(service => exportedTo(service) ?? serviceExportTo))
    return new Set([...exports].flatMap(to => [...(to.includes('.') ? [namespace] : []), ...namedExports(view, to)]))
  })

const newSet = () => new Set<string>()

/** Namespaces that the servers' policies name, with their service accounts that the policies name. */
function accountsNamed(view: View<PathKinds>, servers: readonly Workload[]): Map<string, Set<string>> {
  const accounts = new Map<string, Set<string>>()
  const policies = new Set(servers.flatMap(server => policiesFor(view, server)))
  for (const { namespace: pattern, account } of [...policies].flatMap(namedSources)) {
    for (const namespace of namespacesMatching(view, pattern)) {
      if (!isCaller(view, namespace)) continue
      const names = getOrAdd(accounts, namespace, newSet)
      if (account !== undefined) names.add(account)
    }
  }
  return accounts
}

const isCaller = (view: View<PathKinds>, namespace: string) =>
  exists(view, namespace) && !isHopNamespace(view, namespace)

/** Policies can name any number of namespaces that do not exist. */
const exists = (view: View<'Namespace' | 'Pod'>, namespace: string) =>
  namespacesIn(view, 'all').has(namespace) || view.list('Pod', namespace).length > 0

const namespacesIn: (view: View<'Namespace'>, key: 'all') => ReadonlySet<string> = memoizeInView(
  view => new Set(view.list('Namespace').map(({ name }) => name))
)

/** Gateways and activator are hops, not callers. */
function isHopNamespace(view: View<PathKinds>, namespace: string): boolean {
  const { istioNamespace, knativeNamespace } = view.settings
  return [meshOf(view).rootNamespace, istioNamespace, knativeNamespace].includes(namespace)
}

function namespacesMatching(view: View<'Namespace'>, pattern: string): readonly string[] {
  return pattern.includes('*') ? existingNamespaces(view, pattern) : [pattern]
}

const existingNamespaces: (view: View<'Namespace'>, pattern: string) => readonly string[] = memoizeInView(
  (view, pattern) => view.list('Namespace').flatMap(({ name }) => (matchesAnywhere(pattern, name) ? name : []))
)
