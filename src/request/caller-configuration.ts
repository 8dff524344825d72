import { exportsAmong } from '../istio/named-exports.ts'
import { exportedTo } from '../istio/sidecar.ts'
import { byCreationTime, sortByCreationTime } from '../state/creation-order.ts'
import type { NamedDestinationRule } from '../state/destination-rule-index.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { digest } from '../text/digest.ts'
import { isWildcard } from '../text/host.ts'
import type { PathKinds } from './caller.ts'

/**
 * Texts of the objects that affect calls to a server namespace, by the caller's namespace: DestinationRules there, and
 * objects that are exported to it by name.
 */
export const configuredIn: (
  view: View<PathKinds>,
  serverNamespace: string
) => (namespace: string) => readonly string[] = memoizeInView((view, serverNamespace) => {
  const parts = [
    ofDestinationRules(view.destinationRulesIn(serverNamespace)),
    ofServices(view.list('Service', serverNamespace))
  ]
  const byNamespace = parts.map(entries => textsByNamespace(view.list('Namespace'))(entries))
  // Manifests may have the pods of a namespace without the namespace.
  return namespace =>
    view.get('Namespace', '', namespace) === undefined
      ? parts.flatMap(entries => textsOf(entries, namespace))
      : byNamespace.flatMap(texts => texts.get(namespace) ?? NONE)
})

const ofDestinationRules = memoize((all: readonly NamedDestinationRule[]): readonly ConfigurationEntry[] => {
  const relevant = all.filter(({ host, namespace }) => isWildcard(host) || namespace !== undefined)
  return sortDestinationRules(relevant).flatMap(({ destinationRule, host }) => {
    const { namespace: own, name, spec } = destinationRule
    return [
      { own, text: JSON.stringify([host, specDigest(destinationRule)]), exportTo: NONE },
      { own: undefined, text: `sees ${own}/${name}`, exportTo: spec.exportTo }
    ]
  })
})

const ofServices = memoize((services: readonly ResourceOf<'Service'>[]): readonly ConfigurationEntry[] =>
  services.map(service => ({
    own: undefined,
    text: `sees ${service.name}`,
    exportTo: exportedTo(service) ?? NONE
  }))
)

const textsByNamespace = memoize((namespaces: readonly ResourceOf<'Namespace'>[]) =>
  memoize((entries: readonly ConfigurationEntry[]): ReadonlyMap<string, readonly string[]> => {
    const texts = new Map<string, string[]>()
    for (const { own, text, exportTo } of entries) {
      for (const namespace of own === undefined ? exportsAmong(namespaces)(exportTo) : [own]) {
        getOrAdd(texts, namespace, (): string[] => []).push(text)
      }
    }
    return texts
  })
)

const textsOf = (entries: readonly ConfigurationEntry[], namespace: string) =>
  entries.flatMap(({ own, text, exportTo }) => (own === namespace || exportTo.includes(namespace) ? text : []))

/** Text of an object, and the namespaces whose callers it concerns. */
interface ConfigurationEntry {
  readonly own: string | undefined
  readonly text: string
  readonly exportTo: readonly string[]
}

const NONE: readonly string[] = []

const sortDestinationRules = (named: readonly NamedDestinationRule[]) =>
  named.toSorted((a, b) => byCreationTime(a.destinationRule, b.destinationRule))

/** Digest of an object that can be long, because the text is compared for each namespace. */
const specDigest = memoize(({ namespace, spec }: ResourceOf<'DestinationRule'>) =>
  digest({ ...spec, host: undefined, exportTo: spec.exportTo.map(to => (to === namespace ? OWN : to)) })
)
/** Placeholder for the own namespace; not a valid value of `exportTo`. */
const OWN = '<own>'

/** Digest of the Sidecars of a caller's namespace, without hosts of that namespace, which are not called. */
export const sidecarsDigest = memoize((sidecars: readonly ResourceOf<'Sidecar'>[]) =>
  digest(
    sortByCreationTime(sidecars).map(({ namespace, spec: { workloadSelector, egress } }) => [
      workloadSelector,
      egress.map(({ hosts, port }) => [port, hosts.filter(host => !isOwn(host, namespace))])
    ])
  )
)

function isOwn(host: string, namespace: string): boolean {
  const [scope = ''] = host.replace('~', '').split('/', 1)
  return scope === '.' || scope === namespace
}
