import t from 'tap'
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
