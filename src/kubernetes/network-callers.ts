import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { digest } from '../text/digest.ts'
import type { LabelSelector } from '../text/selector.ts'
import type { Tristate } from '../text/tristate.ts'
import { matchesPeers, NAME_LABEL } from './network-peer.ts'
import { hasDirection, isolationsOf, type NetworkKinds, type NetworkPolicy, rulesOf } from './network-policy.ts'

/**
 * Namespaces whose callers NetworkPolicies distinguish: those that a policy of a server names, or whose labels it mentions;
 * those of the servers, if it names pods there; and those in which a policy isolates every pod as a client.
 */
export function namespacesInPolicies(view: View<NetworkKinds>, servers: readonly Workload[]): ReadonlySet<string> {
  const named = servers.flatMap(server => [...namedBy(view, server)])
  return new Set([...named, ...isolatedClients(view.list('NetworkPolicy'))])
}

const isolatedClients = memoize((policies: readonly NetworkPolicy[]): readonly string[] =>
  policies
    .filter(policy => hasDirection(policy, 'egress') && isEmpty(policy.spec.podSelector))
    .map(one => one.namespace)
)

const isEmpty = ({ matchLabels, matchExpressions }: LabelSelector) =>
  Object.keys(matchLabels).length + matchExpressions.length === 0

const namedBy: (view: View<NetworkKinds>, server: Workload) => ReadonlySet<string> = memoizeInView((view, server) => {
  const peers = ingressPeers(view, server)
  const selectors = peers.flatMap(({ namespaceSelector }) => namespaceSelector ?? [])
  const mentioned = mentionedLabels(selectors)
  const names = new Set(mentioned.get(NAME_LABEL))
  if (peers.some(one => one.namespaceSelector === undefined && one.podSelector !== undefined))
    names.add(server.namespace)
  mentioned.delete(NAME_LABEL)
  if (mentioned.size === 0) return names
  for (const namespace of view.list('Namespace')) if (hasMentioned(namespace, mentioned)) names.add(namespace.name)
  return names
})

function ingressPeers(view: View<NetworkKinds>, server: Workload) {
  return isolationsOf(view, server).ingress.flatMap(({ policy }) =>
    rulesOf(policy, 'ingress').flatMap(({ peers }) => peers)
  )
}

/** Not valid as the value of a label: the selector tests whether the label exists. */
export const ANY_VALUE = '*'

/** Label values that selectors mention, by key. */
export function mentionedLabels(selectors: readonly LabelSelector[]): Map<string, Set<string>> {
  const mentioned = new Map<string, Set<string>>()
  const valuesOf = (key: string) => getOrAdd(mentioned, key, () => new Set<string>())
  for (const { matchLabels, matchExpressions } of selectors) {
    for (const [key, value] of Object.entries(matchLabels)) valuesOf(key).add(value)
    for (const { key, values } of matchExpressions)
      for (const value of values.length === 0 ? [ANY_VALUE] : values) valuesOf(key).add(value)
  }
  return mentioned
}

function hasMentioned(
  { labels }: ResourceOf<'Namespace'>,
  mentioned: ReadonlyMap<string, ReadonlySet<string>>
): boolean {
  return Object.entries(labels).some(([key, value]) => {
    const values = mentioned.get(key)
    return values?.has(value) || values?.has(ANY_VALUE)
  })
}

/** What decides, besides the server, whether NetworkPolicies allow calls of any pods in a namespace. */
export const networkPoliciesFor = (
  view: View<NetworkKinds>,
  servers: readonly Workload[],
  namespace: string
): readonly unknown[] => networkPoliciesOf(view, servers, callerIn(view, namespace))

/** What decides, besides the server, whether NetworkPolicies allow calls of a client. */
export function networkPoliciesOf(
  view: View<NetworkKinds>,
  servers: readonly Workload[],
  client: Workload
): readonly unknown[] {
  const matched = (policy: NetworkPolicy): readonly Tristate[] =>
    rulesOf(policy, 'ingress').map(({ peers }) => matchesPeers(view, policy.namespace, peers, client))
  const policies = new Set(servers.flatMap(server => isolationsOf(view, server).ingress.map(one => one.policy)))
  return [[...policies].map(matched), isolationsOf(view, client).egress.map(({ policy }) => egressDigest(policy))]
}

const callerIn = memoizeInView(
  (_view: View<NetworkKinds>, namespace: string): Workload => ({
    namespace,
    name: 'caller',
    labels: {},
    serviceAccount: 'default',
    proxy: 'sidecar',
    ports: [],
    address: undefined,
    unknownLabels: 'chosen'
  })
)

const egressDigest = memoize(({ spec }: NetworkPolicy) => digest(spec.egress))
