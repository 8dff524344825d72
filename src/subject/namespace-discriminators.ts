import { isDeepStrictEqual } from 'node:util'
import type { AuthorizationPolicy, Rule } from '../istio/authorization-policy.ts'
import { injectorSelectors } from '../istio/injection.ts'
import { meshOf } from '../istio/mesh.ts'
import { NAME_LABEL } from '../kubernetes/network-peer.ts'
import type { PathKinds } from '../request/caller.ts'
import { namespaceOfHost } from '../state/destination-rule-index.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { Resource } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isWildcard } from '../text/host.ts'
import { networkWords, selectedLabels } from './network-words.ts'

/**
 * Label keys, hosts and URL paths that configuration in scope of the namespace can match on. Everything else is
 * irrelevant for the fingerprint.
 */
export interface Discriminators {
  /** Label keys of which every value is relevant. */
  readonly keys: ReadonlySet<string>
  /** Label values that selectors match, by key. */
  readonly pairs: ReadonlyMap<string, ReadonlySet<string>>
  readonly exactHosts: ReadonlySet<string>
  /** `*suffix` or, only in policies, `prefix*`. */
  readonly hostPatterns: readonly string[]
  readonly paths: readonly string[]
  /** CIDR blocks of NetworkPolicies that do not cover every address. */
  readonly blocks: readonly string[]
  /** True if policies match on the destination address, SNI, or headers of HTTPRoutes, which differ for each model. */
  readonly connections: boolean
  /** True if policies match on source addresses. */
  readonly callers: boolean
}

export function discriminatorsFor(view: View<PathKinds>, namespace: string): Discriminators {
  const own = [...new Set([namespace, meshOf(view).rootNamespace])]
  const policies = [...new Set([namespace, ...systemNamespaces(view)])].flatMap(one =>
    view.list('AuthorizationPolicy', one)
  )
  const ofNetwork = networkWords(view.list('NetworkPolicy'))
  const networkLabels = [ofNetwork.peerLabels, selectedLabels(view.list('NetworkPolicy', namespace))]
  const selectors = [
    ...own.flatMap(one => view.list('PeerAuthentication', one)).map(({ spec }) => spec.selector?.matchLabels),
    ...own.flatMap(one => view.list('RequestAuthentication', one)).map(({ spec }) => spec.selector?.matchLabels),
    ...own.flatMap(one => view.list('DestinationRule', one)).map(({ spec }) => spec.workloadSelector?.matchLabels),
    ...own.flatMap(one => view.list('Sidecar', one)).map(({ spec }) => spec.workloadSelector?.labels),
    ...policies.map(({ spec }) => spec.selector?.matchLabels),
    ...view.destinationRulesIn(namespace).flatMap(one => one.destinationRule.spec.subsets.map(({ labels }) => labels))
  ]
  const ofAll = `.${namespace}.svc.${view.settings.clusterDomain}`
  const hosts = [
    ...view.destinationRulesIn(namespace).map(({ host }) => host),
    ...view.list('Gateway').flatMap(({ spec }) => spec.servers.flatMap(server => server.hosts.map(toDnsName))),
    ...view.list('Sidecar').flatMap(({ spec }) => spec.egress.flatMap(listener => listener.hosts.map(toDnsName))),
    ...policies.flatMap(policy => operations(policy, 'hosts')).map(host => host.toLowerCase())
  ]
  const rules = policies.flatMap(({ spec }) => spec.rules.flatMap(rule => rule ?? []))
  const matchesOn = (...wanted: readonly string[]) =>
    rules.some(({ when }) => when.some(({ key }) => wanted.includes(key)))
  return {
    keys: new Set([
      ...networkLabels.flatMap(({ keys }) => keys),
      ...injectorSelectors(view).flatMap(({ matchLabels, matchExpressions }) => [
        ...Object.keys(matchLabels),
        ...matchExpressions.map(({ key }) => key)
      ])
    ]),
    pairs: byKey([
      ...selectors.flatMap(labels => Object.entries(labels ?? {})),
      ...networkLabels.flatMap(({ pairs }) => pairs)
    ]),
    exactHosts: new Set(hosts.filter(host => !isPattern(host)).sort()),
    // A pattern that covers all hosts of the namespace does not distinguish models.
    hostPatterns: [...new Set(hosts.filter(host => isPattern(host) && !ofAll.endsWith(host.slice(1))))].sort(),
    paths: [...new Set(policies.flatMap(policy => operations(policy, 'paths')))].sort(),
    blocks: ofNetwork.blocks,
    connections:
      matchesOn('destination.ip', 'connection.sni') ||
      rules.some(({ when }) => when.some(({ key }) => MODEL_HEADER.test(key))),
    callers: matchesOn('source.ip') || rules.some(({ from }) => from.some(({ source }) => hasAddresses(source)))
  }
}

/** Condition on a header with the name of the model or its namespace, which KServe's HTTPRoutes set. */
const MODEL_HEADER = /^request\.headers\[kserve-isvc-/i

/** Namespaces of the workloads that paths of every namespace can pass, and the root namespace. */
function systemNamespaces(view: View<PathKinds>): ReadonlySet<string> {
  const { istioNamespace, knativeNamespace } = view.settings
  const gateways = view.gateways().map(({ namespace }) => namespace)
  return new Set([meshOf(view).rootNamespace, istioNamespace, knativeNamespace, ...gateways])
}

const isPattern = (host: string) => isWildcard(host) || host.endsWith('*')

function hasAddresses(source: Rule['from'][number]['source']): boolean {
  return source !== undefined && source.ipBlocks.length + source.notIpBlocks.length > 0
}

function byKey(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, ReadonlySet<string>> {
  const values = new Map<string, Set<string>>()
  for (const [key, value] of pairs) getOrAdd(values, key, (): Set<string> => new Set()).add(value)
  return values
}

/** Discriminators that only one of the two has; of labels, the whole key. Absent if both are equal. */
export function discriminatorDiff(some: Discriminators, others: Discriminators): Discriminators | undefined {
  if (isDeepStrictEqual(some, others)) return undefined
  const paths = [new Set(some.paths), new Set(others.paths)] as const
  const patterns = [new Set(some.hostPatterns), new Set(others.hostPatterns)] as const
  const blocks = [new Set(some.blocks), new Set(others.blocks)] as const
  return {
    keys: new Set([...symmetricDifference(some.keys, others.keys), ...changedKeys(some.pairs, others.pairs)]),
    pairs: new Map(),
    exactHosts: symmetricDifference(some.exactHosts, others.exactHosts),
    hostPatterns: [...symmetricDifference(...patterns)],
    paths: [...symmetricDifference(...paths)],
    blocks: [...symmetricDifference(...blocks)],
    connections: some.connections !== others.connections,
    callers: some.callers !== others.callers
  }
}

/** Label keys with different sets of values. */
function changedKeys(some: Discriminators['pairs'], others: Discriminators['pairs']): readonly string[] {
  const none = new Set<string>()
  const isChanged = (key: string) => symmetricDifference(some.get(key) ?? none, others.get(key) ?? none).size > 0
  return [...new Set([...some.keys(), ...others.keys()])].filter(isChanged)
}

function symmetricDifference(some: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...some, ...others].filter(entry => some.has(entry) !== others.has(entry)))
}

/**
 * Fingerprint of a namespace without its models. If the namespace has no mesh configuration and none elsewhere names it,
 * its labels are its fingerprint. Namespaces with equal fingerprints share class evaluations.
 */
export function namespaceFingerprint(view: View<PathKinds>, namespace: string): string {
  const { clusterDomain } = view.settings
  const hasOwn = NAMESPACED_CONFIG_KINDS.some(kind => view.list(kind, namespace).length > 0)
  if (
    hasOwn ||
    view.destinationRulesIn(namespace).some(({ host }) => namespaceOfHost(host, clusterDomain) !== undefined)
  ) {
    return namespace
  }
  const texts = [
    ...[...systemNamespaces(view)].flatMap(one => CROSS_NAMESPACE_KINDS.map(kind => textOf(view.list(kind, one)))),
    textOf(view.list('Sidecar')),
    textOf(view.list('Gateway')),
    textOf(view.list('MutatingWebhookConfiguration'))
  ]
  // A pattern can match the namespace without containing its whole name.
  const isNamed =
    networkWords(view.list('NetworkPolicy')).namespaces.has(namespace) ||
    texts.some(text => text.includes(namespace) || /[a-z0-9-]\*"|"\*[a-z0-9-]/.test(text))
  const found = view.get('Namespace', '', namespace)
  if (found === undefined) return isNamed ? namespace : NO_NAMESPACE
  // Each namespace has this label with its own name; a selector that matches on it names the namespace.
  const distinguishing = Object.entries(found.labels).filter(([key]) => key !== NAME_LABEL)
  return isNamed ? namespace : JSON.stringify(distinguishing.sort())
}

/** NetworkPolicies can match on labels that are not known. */
const NO_NAMESPACE = 'no Namespace'

const NAMESPACED_CONFIG_KINDS = [
  'PeerAuthentication',
  'AuthorizationPolicy',
  'RequestAuthentication',
  'DestinationRule',
  'Sidecar',
  'NetworkPolicy',
  'ServingRuntime',
  'InferenceGraph'
] as const
const CROSS_NAMESPACE_KINDS = ['AuthorizationPolicy', 'DestinationRule'] as const

const textOf = memoize((objects: readonly Resource[]) =>
  JSON.stringify(objects.map(object => ('spec' in object ? object.spec : object)))
)

const toDnsName = (host: string) => host.slice(host.indexOf('/') + 1)

function operations({ spec }: AuthorizationPolicy, field: 'hosts' | 'paths'): readonly string[] {
  const not = field === 'hosts' ? 'notHosts' : 'notPaths'
  return spec.rules.flatMap(rule =>
    (rule?.to ?? []).flatMap(({ operation }) =>
      operation === undefined ? [] : [...operation[field], ...operation[not]]
    )
  )
}
