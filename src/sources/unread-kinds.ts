import { apiNameOf, KINDS, type Kind, type Ref } from '../state/resource.ts'
import { InvalidObject } from './manifest.ts'
import { suggest } from './suggest.ts'

type KindsByGroup = Readonly<Record<string, readonly string[]>>

/**
 * Kinds whose objects are skipped although they can decide requests: routes, endpoints, filters and network policies that
 * are not modeled.
 *
 * @see Istio 1.31 `manifests/charts/base/files/crd-all.gen.yaml`, Gateway API 1.5 `config/crd`, Cilium 1.18, Calico 3.31,
 * Network Policy API 0.2
 */
const DECIDING: KindsByGroup = {
  '': ['Endpoints'],
  'cilium.io': [
    'CiliumClusterwideEnvoyConfig',
    'CiliumClusterwideNetworkPolicy',
    'CiliumEnvoyConfig',
    'CiliumNetworkPolicy'
  ],
  'crd.projectcalico.org': ['GlobalNetworkPolicy', 'NetworkPolicy'],
  'extensions.istio.io': ['TrafficExtension', 'WasmPlugin'],
  'gateway.networking.k8s.io': ['BackendTLSPolicy', 'GRPCRoute', 'ListenerSet', 'TLSRoute'],
  'networking.istio.io': ['EnvoyFilter', 'ProxyConfig', 'WorkloadEntry', 'WorkloadGroup'],
  'policy.networking.k8s.io': ['AdminNetworkPolicy', 'BaselineAdminNetworkPolicy', 'ClusterNetworkPolicy'],
  'projectcalico.org': ['GlobalNetworkPolicy', 'NetworkPolicy'],
  'serving.knative.dev': ['DomainMapping']
}

/**
 * Other kinds of partially read API groups; any other kind of these groups is misspelled. Groups that are not read at all
 * are not checked: `telemetry.istio.io`, `serving.knative.dev`.
 *
 * @see Kubernetes 1.34 `api/openapi-spec`, Gateway API 1.5 `config/crd`,
 * KServe 0.20 `config/crd`
 * and its unreleased KernelCache and StorageContainer kinds, ModelMesh Serving `config/crd` (Predictor)
 */
const UNREAD: KindsByGroup = {
  '': [
    'Binding',
    'ComponentStatus',
    'Event',
    'LimitRange',
    'Node',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'PodTemplate',
    'ReplicationController',
    'ResourceQuota',
    'ServiceAccount'
  ],
  'admissionregistration.k8s.io': [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding'
  ],
  'gateway.networking.k8s.io': ['TCPRoute', 'UDPRoute'],
  'networking.k8s.io': ['IPAddress', 'ServiceCIDR'],
  'serving.kserve.io': [
    'ClusterStorageContainer',
    'KernelCache',
    'KernelCacheCapture',
    'KernelCacheNode',
    'LLMInferenceServiceConfig',
    'LocalModelCache',
    'LocalModelNamespaceCache',
    'LocalModelNode',
    'LocalModelNodeGroup',
    'Predictor',
    'StorageContainer',
    'TrainedModel'
  ]
}

/**
 * Rejects a misspelled kind: it would be skipped, and the change would not be evaluated.
 *
 * @throws {InvalidObject} if the model reads the API group, and the group has no such kind
 */
export function requireKind({ apiVersion, kind }: Pick<Ref, 'apiVersion' | 'kind'>): void {
  const group = groupOf(apiVersion)
  const read = (Object.keys(KINDS) as Kind[]).filter(one => KINDS[one].group === group).map(apiNameOf)
  const kinds = [...read, ...(DECIDING[group] ?? []), ...(UNREAD[group] ?? [])]
  if (read.length === 0 || kinds.includes(kind)) return
  throw new InvalidObject('kind', `${apiVersion} has no kind ${kind}${suggest(kind, kinds)}`)
}

/** True for a kind that is not read and whose objects can decide what becomes of requests. */
export function decidesRequests({ apiVersion, kind }: Pick<Ref, 'apiVersion' | 'kind'>): boolean {
  return DECIDING[groupOf(apiVersion)]?.includes(kind) === true
}

const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '')
