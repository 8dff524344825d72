import { isDeepStrictEqual } from 'node:util'
import type { AuthorizationPolicy, Rule } from './authorization-rule.ts'
import { isWildcard } from './host.ts'
import { injectorSelectors } from './injection.ts'
import { meshOf } from './mesh.ts'
import { remember } from './remember.ts'
import type { Resource } from './resource.ts'
import { namespaceOfHost } from './rule-index.ts'
import { getOrAdd } from './shelf.ts'
import type { View } from './snapshot.ts'
import type { PathKinds } from './way.ts'

/** What the objects that count for the models of a namespace tell apart: all else about names and labels means nothing. */
export interface Words {
  /** Label keys of which every value counts. */
  readonly keys: ReadonlySet<string>
  /** Wanted values of labels, by key. */
  readonly pairs: ReadonlyMap<string, ReadonlySet<string>>
  readonly exactHosts: ReadonlySet<string>
  /** `*suffix` or, of policies alone, `prefix*`. */
  readonly hostPatterns: readonly string[]
  readonly paths: readonly string[]
  /** True where policies go by what the connections to each model have for themselves: the pod's address, the server name. */
  readonly connections: boolean
  /** True where policies go by the addresses of callers. */
  readonly callers: boolean
}

export function wordsFor(view: View<PathKinds>, namespace: string): Words {
  const { istioNamespace, knativeNamespace } = view.settings
  const { rootNamespace } = meshOf(view)
  const near = [...new Set([namespace, rootNamespace])]
  const far = [...new Set([...near, istioNamespace, knativeNamespace])]
  const policies = far.flatMap(one => view.list('AuthorizationPolicy', one))
  const selectors = [
    ...near.flatMap(one => view.list('PeerAuthentication', one)).map(({ spec }) => spec.selector?.matchLabels),
    ...near.flatMap(one => view.list('RequestAuthentication', one)).map(({ spec }) => spec.selector?.matchLabels),
    ...near.flatMap(one => view.list('DestinationRule', one)).map(({ spec }) => spec.workloadSelector?.matchLabels),
    ...near.flatMap(one => view.list('Sidecar', one)).map(({ spec }) => spec.workloadSelector?.labels),
    ...policies.map(({ spec }) => spec.selector?.matchLabels)
  ]
  const ofAll = `.${namespace}.svc.${view.settings.clusterDomain}`
  const hosts = [
    ...view.rulesIn(namespace).map(({ host }) => host),
    ...view.list('Gateway').flatMap(({ spec }) => spec.servers.flatMap(server => server.hosts.map(toDnsName))),
    ...policies.flatMap(policy => operations(policy, 'hosts')).map(host => host.toLowerCase())
  ]
  const rules = policies.flatMap(({ spec }) => spec.rules.flatMap(rule => rule ?? []))
  const asksFor = (...wanted: readonly string[]) =>
    rules.some(({ when }) => when.some(({ key }) => wanted.includes(key)))
  return {
    keys: new Set(
      injectorSelectors(view).flatMap(({ matchLabels, matchExpressions }) => [
        ...Object.keys(matchLabels),
        ...matchExpressions.map(({ key }) => key)
      ])
    ),
    pairs: byKey(selectors.flatMap(labels => Object.entries(labels ?? {}))),
    exactHosts: new Set(hosts.filter(host => !isPattern(host)).sort()),
    // What covers all hosts of the namespace tells none apart.
    hostPatterns: [...new Set(hosts.filter(host => isPattern(host) && !ofAll.endsWith(host.slice(1))))].sort(),
    paths: [...new Set(policies.flatMap(policy => operations(policy, 'paths')))].sort(),
    connections: asksFor('destination.ip', 'connection.sni'),
    callers: asksFor('source.ip') || rules.some(({ from }) => from.some(({ source }) => hasAddresses(source)))
  }
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

/** What one of them tells apart and the other does not, of a label at least that; absent where they tell the same. */
export function wordsOfOne(some: Words, others: Words): Words | undefined {
  if (isDeepStrictEqual(some, others)) return undefined
  const paths = [new Set(some.paths), new Set(others.paths)] as const
  const patterns = [new Set(some.hostPatterns), new Set(others.hostPatterns)] as const
  return {
    keys: new Set([...inOne(some.keys, others.keys), ...keysOfOne(some.pairs, others.pairs)]),
    pairs: new Map(),
    exactHosts: inOne(some.exactHosts, others.exactHosts),
    hostPatterns: [...inOne(...patterns)],
    paths: [...inOne(...paths)],
    connections: some.connections !== others.connections,
    callers: some.callers !== others.callers
  }
}

/** Keys of which not the same values are wanted. */
function keysOfOne(some: Words['pairs'], others: Words['pairs']): readonly string[] {
  const none = new Set<string>()
  const isChanged = (key: string) => inOne(some.get(key) ?? none, others.get(key) ?? none).size > 0
  return [...new Set([...some.keys(), ...others.keys()])].filter(isChanged)
}

function inOne(some: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...some, ...others].filter(word => some.has(word) !== others.has(word)))
}

/**
 * What the judgement of a model takes of its namespace, beside the models themselves. Where nothing is said there, and
 * nobody elsewhere speaks of the namespace, it is but its labels: models of namespaces alike fare alike.
 */
export function namespaceLikeness(view: View<PathKinds>, namespace: string): string {
  const { istioNamespace, knativeNamespace, clusterDomain } = view.settings
  const hasOwn = OWN.some(kind => view.list(kind, namespace).length > 0)
  if (hasOwn || view.rulesIn(namespace).some(({ host }) => namespaceOfHost(host, clusterDomain) !== undefined)) {
    return namespace
  }
  const far = new Set([meshOf(view).rootNamespace, istioNamespace, knativeNamespace])
  const texts = [
    ...[...far].flatMap(one => SPEAKING.map(kind => textOf(view.list(kind, one)))),
    textOf(view.list('Sidecar')),
    textOf(view.list('MutatingWebhookConfiguration'))
  ]
  // A pattern may mean it without its name.
  const isNamed = texts.some(text => text.includes(namespace) || /[a-z0-9-]\*"|"\*[a-z0-9-]/.test(text))
  const labels = view.get('Namespace', '', namespace)?.labels ?? {}
  return isNamed ? namespace : JSON.stringify(Object.entries(labels).sort())
}

const OWN = [
  'PeerAuthentication',
  'AuthorizationPolicy',
  'RequestAuthentication',
  'DestinationRule',
  'Sidecar',
  'ServingRuntime',
  'InferenceGraph'
] as const
const SPEAKING = ['AuthorizationPolicy', 'DestinationRule'] as const

const textOf = remember((objects: readonly Resource[]) =>
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
