import { policiesFor } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import { exportsAmong } from '../istio/named-exports.ts'
import { type KnownCall, residueOf } from '../istio/rule-residue.ts'
import { exportedTo } from '../istio/sidecar.ts'
import { networkPoliciesFor, networkPoliciesOf } from '../kubernetes/network-callers.ts'
import { byCreationTime, sortByCreationTime } from '../state/creation-order.ts'
import type { NamedDestinationRule } from '../state/destination-rule-index.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import { digest } from '../text/digest.ts'
import { isWildcard } from '../text/host.ts'
import type { CallerNamespaces, PathKinds } from './caller.ts'
import type { DataPlane } from './data-plane.ts'
import { routesText, virtualServicesOf } from './mesh-routes.ts'

/** Targets of callers; they decide which properties of a caller's namespace are relevant. */
export interface Called {
  /** DNS names of Services. */
  readonly hosts: readonly string[]
  /** Workloads on the path whose policies can match on the caller's identity. */
  readonly servers: readonly Workload[]
  readonly call: KnownCall
}

/** Namespaces, with one service account of the first for each result of the policies. */
export interface NamespaceClass {
  readonly namespaces: CallerNamespaces
  readonly accounts: Accounts
  readonly dataPlane: DataPlane
}

type Accounts = readonly [string, ...string[]]

/** Service accounts of the callers in a namespace, and their data plane. */
export interface MeshNamespace {
  readonly accounts: Accounts
  readonly dataPlane: DataPlane
}

/**
 * Partitions the namespaces of callers into equivalence classes: the same client configuration, and the same result of
 * every policy on the path, NetworkPolicies included.
 *
 * @param namespaces with the service accounts of their callers
 */
export function callerClasses(
  view: View<PathKinds>,
  namespaces: ReadonlyMap<string, MeshNamespace>,
  called: Called
): readonly NamespaceClass[] {
  const { configurationOf, residuesOf } = distinguishers(view, called)
  const classes = new Map<string, NamespaceClass & { readonly namespaces: [string, ...string[]] }>()
  for (const [namespace, { accounts, dataPlane }] of namespaces) {
    const byResidue = new Map<string, string>()
    for (const serviceAccount of accounts) {
      getOrAdd(byResidue, residuesOf({ namespace, serviceAccount }), () => serviceAccount)
    }
    // In the same order for each member: of accounts that get equally far, the first supplies the cause.
    const byText = [...byResidue].sort(([a], [b]) => (a < b ? -1 : 1))
    const key = JSON.stringify([
      configurationOf(namespace),
      byText.map(([residue]) => residue),
      networkPoliciesFor(view, called.servers, namespace),
      dataPlane
    ])
    const known = classes.get(key)
    if (known === undefined)
      classes.set(key, {
        namespaces: [namespace],
        accounts: byText.map(([, account]) => account) as [string, ...string[]],
        dataPlane
      })
    else known.namespaces.push(namespace)
  }
  return [...classes.values()]
}

/** Text by which callers are distinguished: those with equal texts get equal results, if their pods are equal. */
export function callerText(view: View<PathKinds>, called: Called): (caller: Workload) => string {
  const { configurationOf, residuesOf } = distinguishers(view, called)
  const configuration = new Map<string, string>()
  return caller =>
    getOrAdd(configuration, caller.namespace, () => configurationOf(caller.namespace)) +
    residuesOf(caller) +
    JSON.stringify(networkPoliciesOf(view, called.servers, caller))
}

/** Texts of the client configuration of a namespace, and of what policies on the path make of an identity. */
function distinguishers(view: View<PathKinds>, { hosts, servers, call }: Called) {
  const { trustDomain, trustDomainAliases, rootNamespace } = meshOf(view)
  const trustDomains = [trustDomain, ...trustDomainAliases]
  const policies = [...new Set(servers.flatMap(server => policiesFor(view, server)))]
  const serverNamespaces = new Set([
    ...hosts.map(host => host.split('.')[1] ?? ''),
    ...servers.map(({ namespace }) => namespace)
  ])
  const virtualServices = virtualServicesOf(view, call)
  const configured = [...serverNamespaces].map(namespace => configuredIn(view, namespace))
  return {
    configurationOf: (namespace: string) =>
      JSON.stringify([
        // Callers in the namespace of a server and in the root namespace see private objects there.
        serverNamespaces.has(namespace) || namespace === rootNamespace ? namespace : '',
        configured.map(textsOf => textsOf(namespace)),
        virtualServices.map(one => routesText(view, one, namespace)),
        sidecarsDigest(view.list('Sidecar', namespace))
      ]),
    residuesOf: (caller: Pick<Workload, 'namespace' | 'serviceAccount'>) =>
      policies.map(policy => residueOf(policy, identityOf(caller, trustDomain), trustDomains, call)).join('\n')
  }
}

/**
 * Texts of the objects that affect calls to a server namespace, by the caller's namespace: DestinationRules there, and
 * objects that are exported to it by name.
 */
const configuredIn: (view: View<PathKinds>, serverNamespace: string) => (namespace: string) => readonly string[] =
  memoizeInView((view, serverNamespace) => {
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
const sidecarsDigest = memoize((sidecars: readonly ResourceOf<'Sidecar'>[]) =>
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
