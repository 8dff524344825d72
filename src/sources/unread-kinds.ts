import { apiNameOf, KINDS, type Kind, type Ref } from '../state/resource.ts'
import { InvalidObject } from './manifest.ts'
import { suggest } from './suggest.ts'

/**
 * Kinds of partially read API groups whose objects are skipped; any other kind of these groups is misspelled. Groups that are
 * not read at all are not checked: `telemetry.istio.io`, `extensions.istio.io`, `serving.knative.dev`.
 *
 * @see Kubernetes 1.34 `api/openapi-spec`, Istio 1.31 `manifests/charts/base/files/crd-all.gen.yaml`,
 * Gateway API 1.5 `config/crd`,
 * KServe 0.20 `config/crd`
 * and its unreleased KernelCache and StorageContainer kinds, ModelMesh Serving `config/crd` (Predictor)
 */
const UNREAD: Readonly<Record<string, readonly string[]>> = {
  '': [
    'Binding',
    'ComponentStatus',
    'Endpoints',
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
  'gateway.networking.k8s.io': ['BackendTLSPolicy', 'GRPCRoute', 'ListenerSet', 'TCPRoute', 'TLSRoute', 'UDPRoute'],
  'networking.k8s.io': ['IPAddress', 'ServiceCIDR'],
  'networking.istio.io': ['EnvoyFilter', 'ProxyConfig', 'WorkloadEntry', 'WorkloadGroup'],
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
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const read = (Object.keys(KINDS) as Kind[]).filter(one => KINDS[one].group === group).map(apiNameOf)
  const kinds = [...read, ...(UNREAD[group] ?? [])]
  if (read.length === 0 || kinds.includes(kind)) return
  throw new InvalidObject('kind', `${apiVersion} has no kind ${kind}${suggest(kind, kinds)}`)
}
