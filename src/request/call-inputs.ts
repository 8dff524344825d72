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
import { digest } from '../text/digest.ts'
import { coversHost } from '../text/host.ts'
import { hasLabels, type Labels } from '../text/selector.ts'

export type InputKinds =
  | 'AuthorizationPolicy'
  | 'PeerAuthentication'
  | 'RequestAuthentication'
  | 'DestinationRule'
  | 'Namespace'
  | 'NetworkPolicy'
  | 'ConfigMap'
  | 'Service'
  | 'KubernetesGateway'

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
    serviceText(view, host, namespace),
    destinationRules.map(({ destinationRule }) => specDigest(destinationRule))
  ])
}

function serviceText(view: View<InputKinds>, host: string, namespace: string): readonly unknown[] {
  const labels = view.get('Service', namespace, host.replace(/\..*/, ''))?.labels ?? {}
  return [dataplaneLabels(labels), waypointText(view, namespace, labels)]
}

const clientText = (view: View<NetworkKinds>) => (client: Workload) => [
  client.namespace,
  client.serviceAccount,
  client.proxy,
  client.captured,
  dataplaneLabels(labelsOf(view, client.namespace)),
  isolationsOf(view, client).egress.map(({ policy }) => specDigest(policy))
]

const serverText = (view: View<InputKinds>) => (endpoint: Endpoint) => {
  const { proxy, captured, serviceAccount, namespace, labels } = endpoint.workload
  const tls = tlsModeOf(endpoint.workload)
  const ofNamespace = labelsOf(view, namespace)
  const dataplane = [ofNamespace, labels].map(dataplaneLabels)
  const waypoints = [ofNamespace, labels].map(one => waypointText(view, namespace, one))
  return [
    ...[endpoint.port, proxy, captured, serviceAccount, tls, dataplane, waypoints],
    policiesText(view, endpoint.workload)
  ]
}

const labelsOf = (view: View<'Namespace'>, namespace: string): Labels =>
  view.get('Namespace', '', namespace)?.labels ?? {}

/** Labels of a namespace, Service or pod that select ambient mode or a waypoint. */
function dataplaneLabels(labels: Labels): readonly string[] {
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
    const applies = (policy: Attachable) =>
      attaches(policy, workload) || refersTo(policy, ({ kind }) => kind !== 'Gateway')
    const networkPolicies = isolationsOf(view, workload).ingress.map(({ policy }) => policy)
    const policies = [...new Set([meshOf(view).rootNamespace, own])].flatMap(namespace => [
      ...view
        .list('PeerAuthentication', namespace)
        .filter(({ spec: { selector } }) => !hasWorkloadSelector(selector) || hasLabels(labels, selector.matchLabels)),
      ...view.list('AuthorizationPolicy', namespace).filter(policy => isEnforced(policy) && applies(policy)),
      ...view.list('RequestAuthentication', namespace).filter(applies)
    ])
    return [...policies, ...networkPolicies].map(specDigest)
  }
)

type Attachable = AuthorizationPolicy | ResourceOf<'RequestAuthentication'>
type TargetRef = Attachable['spec']['targetRefs'][number]

/** True if the policy targets such an object: a waypoint enforces it for a Service, whatever pods that has. */
function refersTo({ spec }: Attachable, isTarget: (ref: TargetRef) => boolean): boolean {
  return [...spec.targetRefs, spec.targetRef].some(ref => ref !== undefined && isTarget(ref))
}

/** Waypoint that these labels name, with the policies for it. */
function waypointText(view: View<InputKinds>, own: string, labels: Labels): readonly string[] {
  const waypoint = labels[USE_WAYPOINT]
  if (waypoint === undefined) return []
  const namespace = labels[USE_WAYPOINT_NAMESPACE] ?? own
  const gateway = view.get('KubernetesGateway', namespace, waypoint) ?? []
  const policies = (['AuthorizationPolicy', 'RequestAuthentication'] as const)
    .flatMap((kind): readonly Attachable[] => view.list(kind, namespace))
    .filter(policy => refersTo(policy, ({ kind, name }) => kind === 'Gateway' && name === waypoint))
  return [gateway, policies].flat().map(specDigest)
}

const USE_WAYPOINT = 'istio.io/use-waypoint'
const USE_WAYPOINT_NAMESPACE = 'istio.io/use-waypoint-namespace'

/** Digest of kind and spec of an object. */
export const specDigest = memoize(({ kind, spec }: { readonly kind: string; readonly spec: unknown }) =>
  digest([kind, spec])
)
