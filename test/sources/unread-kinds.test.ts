import t from 'tap'
import { decidesRequests } from '../../src/sources/unread-kinds.ts'
import { readManifests } from '../../src/sources/yaml.ts'

const errorsOf = (apiVersion: string, kind: string) =>
  readManifests(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n`, 'a.yaml').errors

t.test('a kind that its API group does not have is an error with a suggestion', async t => {
  for (const [apiVersion, kind, error] of [
    ['networking.istio.io/v1', 'VirtualServise', 'VirtualServise; did you mean VirtualService?'],
    ['networking.istio.io/v1', 'destinationRule', 'destinationRule; did you mean DestinationRule?'],
    ['networking.istio.io/v1beta1', 'EnvoyFiltre', 'EnvoyFiltre; did you mean EnvoyFilter?'],
    ['serving.kserve.io/v1beta1', 'InferenceServce', 'InferenceServce; did you mean InferenceService?'],
    ['v1', 'Namespaces', 'Namespaces; did you mean Namespace?']
  ] as const) {
    t.same(errorsOf(apiVersion, kind), [`a.yaml:2: kind: ${apiVersion} has no kind ${error}`])
  }
})

t.test('unread kinds and kinds of other API groups are accepted', async t => {
  for (const [apiVersion, kind] of [
    ['v1', 'ServiceAccount'],
    ['networking.istio.io/v1', 'WorkloadEntry'],
    ['serving.kserve.io/v1alpha1', 'TrainedModel'],
    ['apps/v1', 'Deploymnt']
  ] as const) {
    t.same(errorsOf(apiVersion, kind), [], kind)
  }
})

t.test('unread kinds of routes, endpoints, filters and network policies decide requests', async t => {
  for (const [apiVersion, kind, expected] of [
    ['networking.istio.io/v1alpha3', 'EnvoyFilter', true],
    ['networking.istio.io/v1beta1', 'ProxyConfig', true],
    ['networking.istio.io/v1', 'WorkloadEntry', true],
    ['networking.istio.io/v1', 'WorkloadGroup', true],
    ['extensions.istio.io/v1alpha1', 'WasmPlugin', true],
    ['extensions.istio.io/v1alpha1', 'TrafficExtension', true],
    ['gateway.networking.k8s.io/v1', 'GRPCRoute', true],
    ['gateway.networking.k8s.io/v1', 'BackendTLSPolicy', true],
    ['gateway.networking.k8s.io/v1alpha2', 'TLSRoute', true],
    ['v1', 'Endpoints', true],
    ['cilium.io/v2', 'CiliumNetworkPolicy', true],
    ['projectcalico.org/v3', 'GlobalNetworkPolicy', true],
    ['policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', true],
    ['telemetry.istio.io/v1', 'Telemetry', false],
    ['gateway.networking.k8s.io/v1alpha2', 'TCPRoute', false],
    ['serving.kserve.io/v1alpha1', 'LLMInferenceServiceConfig', false],
    ['networking.istio.io/v1', 'VirtualService', false],
    ['v1', 'ResourceQuota', false],
    ['v1', 'ServiceAccount', false],
    ['serving.kserve.io/v1alpha1', 'TrainedModel', false],
    ['apps/v1', 'Deployment', false],
    ['example.com/v1', 'EnvoyFilter', false]
  ] as const) {
    t.equal(decidesRequests({ apiVersion, kind }), expected, kind)
  }
})
