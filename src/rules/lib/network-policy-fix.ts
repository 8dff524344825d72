import { systemPods } from '../../knative/knative.ts'
import { METRICS_PORT, QUEUE_PORT } from '../../kserve/inference-service.ts'
import { ingressOf } from '../../kserve/kserve.ts'
import { NAME_LABEL } from '../../kubernetes/network-peer.ts'
import { evaluateNetwork, type Isolation, type NetworkPolicy } from '../../kubernetes/network-policy.ts'
import { HTTP_PORT } from '../../kubernetes/service.ts'
import type { PathKinds } from '../../request/caller.ts'
import type { NetworkPolicyDenied } from '../../request/failure.ts'
import { toDestination } from '../../request/service-resolution.ts'
import { memoize } from '../../state/memoize.ts'
import type { View } from '../../state/snapshot.ts'
import type { Workload } from '../../state/workload.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

/**
 * The policy with rules for the connection and for the other hops that need it. Policies are additive, so a long one, which
 * does not fit into an answer, gets an additional policy beside it.
 */
export function extendedNetworkPolicy(
  { direction, policy }: Isolation,
  failure: NetworkPolicyDenied,
  view: View<PathKinds>
): Manifest {
  const { apiVersion, name, namespace, spec } = policy
  const isLong = specLength(policy) > MAX_SPEC_LENGTH
  const rules = direction === 'egress' ? egressRules(failure, view) : ingressRules(failure, view)
  if (!isLong) return updatedManifest(policy, { spec: { ...spec, [direction]: [...spec[direction], ...rules] } })
  const policyTypes = [direction === 'egress' ? 'Egress' : 'Ingress']
  return {
    apiVersion,
    kind: 'NetworkPolicy',
    metadata: { name: `${name}-hops`, namespace },
    spec: { podSelector: spec.podSelector, policyTypes, [direction]: rules }
  }
}

/** In characters of JSON. */
const MAX_SPEC_LENGTH = 4_000
const specLength = memoize(({ spec }: NetworkPolicy) => JSON.stringify(spec).length)

const ANY_POD = { namespaceSelector: {} }
const podsIn = (namespace: string) =>
  namespace === '' ? ANY_POD : { namespaceSelector: { matchLabels: { [NAME_LABEL]: namespace } } }
const tcp = (port: number) => [{ protocol: 'TCP', port }]

/** Gateways and Knative's pods call models of every namespace. */
function egressRules({ client, server, port }: NetworkPolicyDenied, view: View<PathKinds>) {
  return isShared(client, view) ? [{ to: [ANY_POD] }] : [{ to: [podsIn(server.namespace)], ports: tcp(port) }]
}

function ingressRules(failure: NetworkPolicyDenied, view: View<PathKinds>) {
  const { client, server, port } = failure
  if (isShared(server, view)) {
    const isExternal = client.namespace === '' && client.proxy === 'none'
    return [{ from: [ANY_POD] }, ...(isExternal ? [{ ports: tcp(port) }] : [])]
  }
  const sources = new Map(deniedHops(failure, view).map(one => [`${one.client.namespace} ${one.port}`, one] as const))
  return [...sources.values()].map(one => ({ from: [podsIn(one.client.namespace)], ports: tcp(one.port) }))
}

/** The denied connection, and those of gateway, activator and autoscaler to the same pod that are denied as well. */
function deniedHops({ client, server, port }: NetworkPolicyDenied, view: View<PathKinds>) {
  const denied = [{ client, port }]
  if (!('serving.knative.dev/revision' in server.labels)) return denied
  const gateways = toDestination(view, ingressOf(view).config.knativeLocalGatewayService, HTTP_PORT).endpoints
  const hops = [
    ...[...gateways.map(({ workload }) => workload), ...systemPods(view, 'activator')].map(one => ({
      client: one,
      port: QUEUE_PORT
    })),
    ...systemPods(view, 'autoscaler').map(one => ({ client: one, port: METRICS_PORT }))
  ]
  return [
    ...denied,
    ...hops.filter(one => evaluateNetwork(view, one.client, { workload: server, port: one.port }).is === 'denied')
  ]
}

/** True for pods that paths to models of every namespace pass. */
function isShared({ namespace, proxy }: Workload, { settings }: View): boolean {
  return proxy === 'gateway' || namespace === settings.istioNamespace || namespace === settings.knativeNamespace
}
