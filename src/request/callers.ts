import { policiesFor } from '../istio/authorization.ts'
import { type InjectionKinds, nextProxy } from '../istio/injection.ts'
import { meshOf } from '../istio/mesh.ts'
import { namedSources } from '../istio/named-sources.ts'
import type { Call } from '../istio/request.ts'
import { getOrAdd } from '../state/map.ts'
import type { View } from '../state/snapshot.ts'
import { toWorkload, type Workload } from '../state/workload.ts'
import { coversHost } from '../text/host.ts'
import type { InFlightRequest, PathKinds, TrafficSource } from './caller.ts'
import { type Called, callerClasses } from './caller-classes.ts'

/** Client with a sidecar in a namespace without configuration for what it sends. */
export const ANY_MESH_CLIENT: Workload = {
  namespace: '',
  name: 'caller',
  labels: {},
  serviceAccount: 'default',
  proxy: 'sidecar',
  ports: [],
  address: undefined
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
 * Callers with a sidecar: any, and namespaces that have a DestinationRule for one of the hosts or a Sidecar, or that a
 * policy on the path names, if they have sidecars. Namespaces with equal configuration form one caller class.
 *
 * @param representative namespace that represents its class, if it is in one; by default the first in order
 */
export function meshSources(view: View<PathKinds>, called: Called, representative?: string): readonly TrafficSource[] {
  const accounts = accountsNamed(view, called.servers)
  for (const namespace of namespacesWithConfig(view, called.hosts)) getOrAdd(accounts, namespace, newSet)
  const inOrder = [...accounts].sort(([a], [b]) =>
    a === representative ? -1 : b === representative ? 1 : a < b ? -1 : 1
  )
  const namespaces = new Map(
    inOrder.flatMap(([namespace, names]) => {
      const sidecar = sidecarIn(view, namespace)
      const accounts = [ANY_MESH_CLIENT.serviceAccount, ...[...names].sort()] as const
      return sidecar === undefined ? [] : [[namespace, { accounts, revision: sidecar.revision }] as const]
    })
  )
  return [
    { caller: { caller: 'in-mesh', from: undefined }, pods: [ANY_MESH_CLIENT] },
    ...callerClasses(view, namespaces, called).map(({ namespaces: from, accounts, revision }): TrafficSource => {
      const toPod = (serviceAccount: string) => ({ ...ANY_MESH_CLIENT, namespace: from[0], serviceAccount, revision })
      const [first, ...others] = accounts
      return { caller: { caller: 'in-mesh', from }, pods: [toPod(first), ...others.map(toPod)] }
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

function namespacesWithConfig(view: View<PathKinds>, hosts: readonly string[]): readonly string[] {
  const named = hosts.flatMap(host =>
    view.destinationRulesIn(host.split('.')[1] ?? '').filter(({ host: pattern }) => coversHost(pattern, host))
  )
  return [...named.map(({ destinationRule }) => destinationRule), ...view.list('Sidecar')].map(
    ({ namespace }) => namespace
  )
}

const newSet = () => new Set<string>()

/** Namespaces in the servers' policies, with the service accounts that the policies name. */
function accountsNamed(view: View<PathKinds>, servers: readonly Workload[]): Map<string, Set<string>> {
  const { rootNamespace } = meshOf(view)
  const { istioNamespace, knativeNamespace } = view.settings
  const accounts = new Map<string, Set<string>>()
  for (const policy of new Set(servers.flatMap(server => policiesFor(view, server)))) {
    for (const { namespace, account } of namedSources(policy)) {
      // Gateways and activator are hops, not callers.
      if ([rootNamespace, istioNamespace, knativeNamespace].includes(namespace) || namespace.includes('*')) continue
      const names = getOrAdd(accounts, namespace, newSet)
      if (account !== undefined) names.add(account)
    }
  }
  return accounts
}

/** Sidecar of the next pods of a namespace, else of its running pods; absent if they have none. */
function sidecarIn(view: View<InjectionKinds | 'Pod'>, namespace: string): Pick<Workload, 'revision'> | undefined {
  const next = nextProxy(view, { namespace, labels: {}, annotations: {}, hostNetwork: false })
  if (next.proxy === 'sidecar') return next
  return view
    .list('Pod', namespace)
    .map(toWorkload)
    .find(({ proxy }) => proxy === 'sidecar')
}
