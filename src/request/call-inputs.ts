import { isEnforced } from '../istio/authorization.ts'
import type { AuthorizationPolicy } from '../istio/authorization-policy.ts'
import type { Destination } from '../istio/client.ts'
import { meshOf } from '../istio/mesh.ts'
import { hasWorkloadSelector } from '../istio/peer-authentication.ts'
import { attaches } from '../istio/policy-target.ts'
import { isolationsOf, type NetworkKinds } from '../kubernetes/network-policy.ts'
import type { Endpoint } from '../kubernetes/service.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { tlsModeOf, type Workload } from '../state/workload.ts'
import { coversHost } from '../text/host.ts'
import { hasLabels } from '../text/selector.ts'

export type InputKinds =
  | 'AuthorizationPolicy'
  | 'PeerAuthentication'
  | 'RequestAuthentication'
  | 'DestinationRule'
  | 'Namespace'
  | 'NetworkPolicy'
  | 'ConfigMap'

/**
 * Text of the configuration that would decide calls which the model does not evaluate. Contains no names of objects, so
 * that it is equal for models with equal configuration.
 */
export function inputsOf(
  view: View<InputKinds>,
  clients: readonly Workload[],
  { host, namespace, endpoints }: Pick<Destination, 'host' | 'namespace' | 'endpoints'>
): string {
  const destinationRules = view.destinationRulesIn(namespace).filter(one => coversHost(one.host, host))
  return JSON.stringify([
    clients.map(clientText(view)),
    endpoints.map(serverText(view)),
    destinationRules.map(({ destinationRule }) => specText(destinationRule))
  ])
}

const clientText = (view: View<NetworkKinds>) => (client: Workload) => [
  client.namespace,
  client.serviceAccount,
  client.proxy,
  client.captured,
  dataplaneLabels(view, client.namespace),
  isolationsOf(view, client).egress.map(({ policy }) => specText(policy))
]

const serverText = (view: View<InputKinds>) => (endpoint: Endpoint) => {
  const { proxy, captured, serviceAccount, namespace } = endpoint.workload
  const tls = tlsModeOf(endpoint.workload)
  const labels = dataplaneLabels(view, namespace)
  return [endpoint.port, proxy, captured, serviceAccount, tls, labels, policiesText(view, endpoint.workload)]
}

/** Labels of a namespace that select ambient mode or a waypoint. */
function dataplaneLabels(view: View<'Namespace'>, namespace: string): readonly string[] {
  const labels = view.get('Namespace', '', namespace)?.labels ?? {}
  return Object.entries(labels)
    .filter(([key]) => DATAPLANE_LABEL.test(key))
    .map(([key, value]) => `${key}=${value}`)
    .sort()
}

const DATAPLANE_LABEL = /^istio\.io\/(dataplane-mode|use-waypoint|ingress-use-waypoint)/

/** Policies that any proxy of the workload would enforce: sidecar, gateway, ztunnel or waypoint. */
const policiesText: (view: View<InputKinds>, workload: Workload) => readonly string[] = memoizeInView(
  (view, workload) => {
    const { namespace: own, labels } = workload
    const waypoint = view.get('Namespace', '', own)?.labels[USE_WAYPOINT]
    const applies = (policy: Attachable) => attaches(policy, workload) || isForWaypoint(policy, waypoint)
    const networkPolicies = isolationsOf(view, workload).ingress.map(({ policy }) => policy)
    const policies = [...new Set([meshOf(view).rootNamespace, own])].flatMap(namespace => [
      ...view
        .list('PeerAuthentication', namespace)
        .filter(({ spec: { selector } }) => !hasWorkloadSelector(selector) || hasLabels(labels, selector.matchLabels)),
      ...view.list('AuthorizationPolicy', namespace).filter(policy => isEnforced(policy) && applies(policy)),
      ...view.list('RequestAuthentication', namespace).filter(applies)
    ])
    return [...policies, ...networkPolicies].map(specText)
  }
)

const USE_WAYPOINT = 'istio.io/use-waypoint'
type Attachable = AuthorizationPolicy | ResourceOf<'RequestAuthentication'>

/** True if a waypoint enforces the policy: for a Service, whatever pods it has, or for this Gateway. */
function isForWaypoint({ spec }: Attachable, waypoint: string | undefined): boolean {
  return [...spec.targetRefs, spec.targetRef].some(
    ref => ref !== undefined && (ref.kind !== 'Gateway' || ref.name === waypoint)
  )
}

/** Kind and spec of an object. */
export const specText = memoize(({ kind, spec }: { readonly kind: string; readonly spec: unknown }) =>
  JSON.stringify([kind, spec])
)
