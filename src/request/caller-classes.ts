import { policiesFor } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import { type KnownCall, residueOf } from '../istio/rule-residue.ts'
import { exportedTo } from '../istio/sidecar.ts'
import { sortByCreationTime } from '../state/creation-order.ts'
import { type NamedDestinationRule, namespaceOfHost } from '../state/destination-rule-index.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import { isWildcard } from '../text/host.ts'
import type { CallerNamespaces, PathKinds } from './caller.ts'

/** What callers call, which decides what can tell their namespaces apart. */
export interface Called {
  /** DNS names of Services. */
  readonly hosts: readonly string[]
  /** Workloads on the path whose policies see the caller's identity. */
  readonly servers: readonly Workload[]
  readonly call: KnownCall
}

/** Namespaces, with the service accounts of the first that any of its policies tells apart. */
export interface NamespaceClass {
  readonly namespaces: CallerNamespaces
  readonly accounts: readonly string[]
}

/**
 * Partitions the namespaces of callers: those of one class send the same, see the same and are treated alike by every
 * policy on the path, so that one of them stands for all.
 *
 * @param namespaces each with the service accounts that call from there
 */
export function callerClasses(
  view: View<PathKinds>,
  namespaces: ReadonlyMap<string, readonly string[]>,
  { hosts, servers, call }: Called
): readonly NamespaceClass[] {
  const { trustDomain, trustDomainAliases, rootNamespace } = meshOf(view)
  const trustDomains = [trustDomain, ...trustDomainAliases]
  const policies = [...new Set(servers.flatMap(server => policiesFor(view, server)))]
  const home = new Set([...hosts.map(host => host.split('.')[1] ?? ''), ...servers.map(({ namespace }) => namespace)])
  const configured = [...home].map(namespace => configuredIn(view, namespace))
  const residues = (workload: Pick<Workload, 'namespace' | 'serviceAccount'>) =>
    policies.map(policy => residueOf(policy, identityOf(workload, trustDomain), trustDomains, call))
  const classes = new Map<
    string,
    { readonly namespaces: [string, ...string[]]; readonly accounts: readonly string[] }
  >()
  for (const [namespace, accounts] of namespaces) {
    const byResidue = new Map<string, string>()
    for (const serviceAccount of accounts) {
      getOrAdd(byResidue, residues({ namespace, serviceAccount }).join('\n'), () => serviceAccount)
    }
    const key = JSON.stringify([
      // Callers beside the servers, and those in the root namespace, see objects there that others do not.
      home.has(namespace) || namespace === rootNamespace ? namespace : '',
      configured.map(of => of(namespace)),
      sidecarsText(view.list('Sidecar', namespace)),
      [...byResidue.keys()].sort()
    ])
    const known = classes.get(key)
    if (known === undefined) classes.set(key, { namespaces: [namespace], accounts: [...byResidue.values()] })
    else known.namespaces.push(namespace)
  }
  return [...classes.values()]
}

/** For calls to one namespace: what a caller's namespace configures for them, and what is exported to it by name. */
function configuredIn(view: View<PathKinds>, home: string): (namespace: string) => readonly string[] {
  const said = new Map<string, string[]>()
  const say = (namespace: string, text: string) => getOrAdd(said, namespace, (): string[] => []).push(text)
  const { clusterDomain } = view.settings
  const isCalled = ({ host }: NamedDestinationRule) => isWildcard(host) || namespaceOfHost(host, clusterDomain) === home
  for (const { rule, host } of sortRules(view.destinationRulesIn(home).filter(isCalled))) {
    say(rule.namespace, ruleText(rule, host))
    for (const namespace of rule.spec.exportTo) say(namespace, `sees ${rule.namespace}/${rule.name}`)
  }
  for (const service of view.list('Service', home)) {
    for (const namespace of exportedTo(service) ?? []) say(namespace, `sees ${service.name}`)
  }
  return namespace => said.get(namespace) ?? NOTHING
}

const NOTHING: readonly string[] = []

function sortRules(rules: readonly NamedDestinationRule[]): readonly NamedDestinationRule[] {
  const hosts = new Map(rules.map(({ rule, host }) => [rule, host]))
  return sortByCreationTime([...hosts.keys()]).map(rule => ({ rule, host: hosts.get(rule) as string }))
}

const ruleText = (rule: ResourceOf<'DestinationRule'>, host: string) => JSON.stringify([host, specText(rule)])
const specText = memoize(({ namespace, spec }: ResourceOf<'DestinationRule'>) =>
  JSON.stringify({ ...spec, host: undefined, exportTo: spec.exportTo.map(to => (to === namespace ? OWN : to)) })
)
/** No namespace is called so, and Istio has no such value either. */
const OWN = '<own>'

/** Hosts of the own namespace are left out: what is called is in another. */
const sidecarsText = memoize((sidecars: readonly ResourceOf<'Sidecar'>[]) =>
  JSON.stringify(
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
