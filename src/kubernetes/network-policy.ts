import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { all, anyOf, type Tristate } from '../text/tristate.ts'
import { matchesPeers, type NetworkPeer, selectsPod } from './network-peer.ts'
import type { Endpoint } from './service.ts'

export type NetworkPolicy = ResourceOf<'NetworkPolicy'>
export type NetworkKinds = 'NetworkPolicy' | 'Namespace'

/** `ingress`: policies that select the server. `egress`: policies that select the client. */
export type Direction = 'ingress' | 'egress'

/** NetworkPolicy that isolates an end of a connection and does not allow the connection. */
export interface Isolation {
  readonly direction: Direction
  readonly policy: NetworkPolicy
}

/** `unknown`: the policies decide by something that is not known, such as the labels of a caller. */
export type NetworkVerdict =
  | { readonly is: 'allowed' }
  | { readonly is: 'denied'; readonly by: readonly [Isolation, ...Isolation[]] }
  | { readonly is: 'unknown'; readonly by: readonly NetworkPolicy[] }

const ALLOWED: NetworkVerdict = { is: 'allowed' }

/**
 * Whether the NetworkPolicies of both ends allow a connection. Policies are additive: a pod that one of them isolates accepts
 * what any of them allows.
 * @see kubernetes 1.36 staging/src/k8s.io/api/networking/v1/types.go (NetworkPolicySpec)
 */
export function evaluateNetwork(view: View<NetworkKinds>, client: Workload, endpoint: Endpoint): NetworkVerdict {
  if (isolationsOf(view, client).egress.length + isolationsOf(view, endpoint.workload).ingress.length === 0)
    return ALLOWED
  const { workload, port } = endpoint
  const verdicts = getOrAdd(verdictsByPort(view, workload), port, () => new Map<Workload, NetworkVerdict>())
  return getOrAdd(verdicts, client, () => makeVerdict(view, client, endpoint))
}

const verdictsByPort = memoizeInView(
  (_view: View<NetworkKinds>, _server: Workload) => new Map<number, Map<Workload, NetworkVerdict>>()
)

function makeVerdict(view: View<NetworkKinds>, client: Workload, endpoint: Endpoint): NetworkVerdict {
  const both = [
    decide('egress', isolationsOf(view, client).egress, policy => allows(view, policy, 'egress', client, endpoint)),
    decide('ingress', isolationsOf(view, endpoint.workload).ingress, policy =>
      allows(view, policy, 'ingress', client, endpoint)
    )
  ]
  const [first, ...others] = both.flatMap(verdict => (verdict.is === 'denied' ? verdict.by : []))
  if (first !== undefined) return { is: 'denied', by: [first, ...others] }
  const by = both.flatMap(verdict => (verdict.is === 'unknown' ? verdict.by : []))
  return by.length === 0 ? ALLOWED : { is: 'unknown', by }
}

/** Policy of one direction that isolates a pod, or may. */
interface MaybeIsolating {
  readonly policy: NetworkPolicy
  /** Unknown if it may select the pod. */
  readonly isolates: true | undefined
}

function decide(
  direction: Direction,
  selecting: readonly MaybeIsolating[],
  allowsBy: (policy: NetworkPolicy) => Tristate
): NetworkVerdict {
  const policies = selecting.map(one => ({ ...one, allows: allowsBy(one.policy) }))
  const isolating = policies.filter(({ isolates }) => isolates)
  if (isolating.some(one => one.allows) || policies.every(one => one.allows)) return ALLOWED
  const [first, ...others] = isolating.map(({ policy }) => ({ direction, policy }))
  if (first !== undefined && policies.every(one => one.allows === false))
    return { is: 'denied', by: [first, ...others] }
  const undecided = policies.filter(one => !one.isolates || one.allows === undefined)
  return { is: 'unknown', by: undecided.map(({ policy }) => policy) }
}

/** Policies that isolate a pod, or may, in each direction. */
export const isolationsOf: (
  view: View<'NetworkPolicy'>,
  pod: Workload
) => Readonly<Record<Direction, readonly MaybeIsolating[]>> = memoizeInView((view, pod) => {
  const policies = pod.namespace === '' ? [] : view.list('NetworkPolicy', pod.namespace)
  const isolating = policies.flatMap((policy): readonly MaybeIsolating[] => {
    const isolates = isSelected(policy, pod)
    return isolates === false ? [] : [{ policy, isolates }]
  })
  return {
    ingress: isolating.filter(({ policy }) => hasDirection(policy, 'ingress')),
    egress: isolating.filter(({ policy }) => hasDirection(policy, 'egress'))
  }
})

/** Network plugins ignore, or not, policies that select a pod on the network of its node. */
function isSelected({ spec: { podSelector } }: NetworkPolicy, pod: Workload): Tristate {
  const selected = selectsPod(podSelector, pod)
  if (pod.unknownLabels === 'chosen') return selected === true
  return selected === true && pod.hostNetwork ? undefined : selected
}

/** @see kubernetes 1.36 pkg/apis/networking/v1/defaults.go (SetDefaults_NetworkPolicy) */
export function hasDirection({ spec: { policyTypes, egress } }: NetworkPolicy, direction: Direction): boolean {
  if (policyTypes.length === 0) return direction === 'ingress' || egress.length > 0
  return policyTypes.includes(direction === 'ingress' ? 'Ingress' : 'Egress')
}

interface Rule {
  readonly ports: readonly NetworkPort[]
  readonly peers: readonly NetworkPeer[]
}
type NetworkPort = NetworkPolicy['spec']['ingress'][number]['ports'][number]

export function rulesOf(policy: NetworkPolicy, direction: Direction): readonly Rule[] {
  return rulesByDirection(policy)[direction]
}

const rulesByDirection = memoize(({ spec: { ingress, egress } }: NetworkPolicy) => ({
  ingress: ingress.map(({ ports, from }) => ({ ports, peers: from })),
  egress: egress.map(({ ports, to }) => ({ ports, peers: to }))
}))

function allows(
  view: View<NetworkKinds>,
  policy: NetworkPolicy,
  direction: Direction,
  client: Workload,
  endpoint: Endpoint
): Tristate {
  const peer = direction === 'ingress' ? client : endpoint.workload
  const matched = anyOf(rulesOf(policy, direction), ({ ports, peers }) => {
    const isPort = matchesPorts(ports, endpoint)
    return isPort === false ? false : all([isPort, matchesPeers(view, policy.namespace, peers, peer)])
  })
  // A node always reaches its own pods.
  return matched === false && peer.hostNetwork ? undefined : matched
}

/** Whether a rule for these ports matches TCP connections to a port of a pod; a rule without ports matches every one. */
function matchesPorts(ports: readonly NetworkPort[], endpoint: Endpoint): Tristate {
  return ports.length === 0 || anyOf(ports, one => matchesPort(one, endpoint))
}

/** A name is that of a container port; those of a pod that does not exist yet are not known. */
function matchesPort(
  { protocol = 'TCP', port: wanted, endPort }: NetworkPort,
  { workload: { ports, unknownLabels }, port }: Endpoint
): Tristate {
  if (protocol !== 'TCP') return false
  if (wanted === undefined) return true
  if (typeof wanted === 'number') return wanted <= port && port <= (endPort ?? wanted)
  if (ports.some(one => one.name === wanted && one.containerPort === port)) return true
  return unknownLabels === undefined ? false : undefined
}
