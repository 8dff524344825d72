import { policiesFor } from './authorization.ts'
import type { AuthorizationPolicy } from './authorization-rule.ts'
import { coversHost } from './host.ts'
import { type InjectionKinds, injection } from './injection.ts'
import { meshOf } from './mesh.ts'
import type { Call } from './request.ts'
import type { View } from './snapshot.ts'
import type { Caller, PathKinds, Traffic } from './way.ts'
import { toWorkload, type Workload } from './workload.ts'

/** A caller with a sidecar in a namespace that has nothing to say about what it sends. */
export const ANYONE: Workload = {
  namespace: '',
  name: 'caller',
  labels: {},
  serviceAccount: 'default',
  proxy: 'sidecar',
  ports: [],
  address: undefined
}

/** A process without a sidecar, in the cluster or outside. */
export const CALLER: Workload = { ...ANYONE, serviceAccount: '', proxy: 'none' }

/** Where requests come from: what a pod there may be, any of which would do. */
export interface Origin {
  readonly caller: Caller
  /** Who they are, where it is not by which address they call that tells them apart. */
  readonly entry?: string
  readonly pods: readonly [Workload, ...Workload[]]
  readonly needed?: boolean
}

/** Callers that nothing speaks of. */
export const NAKED: Origin = { caller: { caller: 'non-mesh', from: undefined }, pods: [CALLER], needed: false }

/**
 * Callers with a sidecar: anyone, and each namespace that has a rule for one of the hosts, a Sidecar of its own, or
 * that a policy on the way names; if its pods have sidecars at all.
 */
export function meshCallers(
  view: View<PathKinds>,
  hosts: readonly string[],
  servers: readonly Workload[]
): readonly Origin[] {
  const accounts = accountsNamed(view, servers)
  for (const namespace of ruledNamespaces(view, hosts)) if (!accounts.has(namespace)) accounts.set(namespace, new Set())
  const inOrder = [...accounts].sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    { caller: { caller: 'in-mesh', from: undefined }, pods: [ANYONE] },
    ...inOrder.flatMap(([namespace, names]): readonly Origin[] => {
      if (!hasSidecars(view, namespace)) return []
      const named = [...names].sort().map(serviceAccount => ({ ...ANYONE, namespace, serviceAccount }))
      return [{ caller: { caller: 'in-mesh', from: namespace }, pods: [{ ...ANYONE, namespace }, ...named] }]
    })
  ]
}

/** Everything that a caller can start with. */
export function startsOf(
  pods: readonly [Workload, ...Workload[]],
  calls: readonly [Call, ...Call[]]
): readonly [Traffic, ...Traffic[]] {
  const [first, ...others] = pods.flatMap(pod => calls.map(call => ({ at: [pod], call })))
  return [first as Traffic, ...others]
}

function ruledNamespaces(view: View<PathKinds>, hosts: readonly string[]): readonly string[] {
  const ruled = hosts.flatMap(host =>
    view.rulesIn(host.split('.')[1] ?? '').filter(({ host: pattern }) => coversHost(pattern, host))
  )
  return [...ruled.map(({ rule }) => rule), ...view.list('Sidecar')].map(({ namespace }) => namespace)
}

/** Namespaces that the servers' policies name, each with the service accounts they name there. */
function accountsNamed(view: View<PathKinds>, servers: readonly Workload[]): Map<string, Set<string>> {
  const { rootNamespace } = meshOf(view)
  const { istioNamespace, knativeNamespace } = view.settings
  const accounts = new Map<string, Set<string>>()
  for (const policy of new Set(servers.flatMap(server => policiesFor(view, server)))) {
    for (const { namespace, account } of named(policy)) {
      // Gateways and activator are hops; nobody calls from there.
      if ([rootNamespace, istioNamespace, knativeNamespace].includes(namespace) || namespace.includes('*')) continue
      const known = accounts.get(namespace) ?? new Set()
      accounts.set(namespace, account === undefined ? known : known.add(account))
    }
  }
  return accounts
}

interface Named {
  readonly namespace: string
  readonly account: string | undefined
}

function named({ namespace: own, spec }: AuthorizationPolicy): readonly Named[] {
  return spec.rules.flatMap(rule => {
    if (rule === null) return []
    const sources = rule.from.flatMap(({ source }) => source ?? [])
    const condition = (key: string) =>
      rule.when.filter(one => one.key === key).flatMap(({ values, notValues }) => [...values, ...notValues])
    const namespaces = [
      ...sources.flatMap(one => [...one.namespaces, ...one.notNamespaces]),
      ...condition('source.namespace')
    ]
    const principals = [
      ...sources.flatMap(one => [...one.principals, ...one.notPrincipals]),
      ...condition('source.principal')
    ]
    const accounts = [
      ...sources.flatMap(one => [...one.serviceAccounts, ...one.notServiceAccounts]),
      ...condition('source.serviceAccount')
    ]
    return [
      ...namespaces.map(namespace => ({ namespace, account: undefined })),
      ...principals.flatMap(toNamed),
      ...accounts.map(one => {
        const [first = '', second] = one.split('/')
        return second === undefined ? { namespace: own, account: first } : { namespace: first, account: second }
      })
    ]
  })
}

/** `<trust domain>/ns/<namespace>/sa/<account>`, of which a pattern may have the beginning alone. */
function toNamed(principal: string): readonly Named[] {
  const found = /\/ns\/([^/*]+)(?:\/sa\/([^/*]+)$)?/.exec(principal)
  return found?.[1] === undefined ? [] : [{ namespace: found[1], account: found[2] }]
}

function hasSidecars(view: View<InjectionKinds | 'Pod'>, namespace: string): boolean {
  const next = injection(view, { namespace, labels: {}, annotations: {}, hostNetwork: false })
  return next.injected || view.list('Pod', namespace).some(pod => toWorkload(pod).proxy === 'sidecar')
}
