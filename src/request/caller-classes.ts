import { policiesFor } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import { type KnownCall, residueOf } from '../istio/rule-residue.ts'
import { networkPoliciesFor, networkPoliciesOf } from '../kubernetes/network-callers.ts'
import { getOrAdd } from '../state/map.ts'
import type { View } from '../state/snapshot.ts'
import { identityOf, type Workload } from '../state/workload.ts'
import type { CallerNamespaces, PathKinds } from './caller.ts'
import { configuredIn, sidecarsDigest } from './caller-configuration.ts'
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
