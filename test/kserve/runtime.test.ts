import t from 'tap'
import { findRuntime } from '../../src/kserve/runtime.ts'
import { resourceOf, stateOf } from '../support/snapshot.ts'

const runtime = (kind: string, name: string, spec: string) => `
apiVersion: serving.kserve.io/v1alpha1
kind: ${kind}
metadata: { ${kind === 'ServingRuntime' ? 'namespace: user1, ' : ''}name: ${name} }
spec: ${spec}
`
const serves = (priority: number, more = '') =>
  `{ ${more} supportedModelFormats: [{ name: sklearn, autoSelect: true, priority: ${priority} }] }`
const predictor = (spec: string) => {
  const service = resourceOf(`
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: a }
spec: { predictor: ${spec} }
`)
  if (service.kind !== 'InferenceService' || service.spec.predictor === undefined) throw new Error('no predictor')
  return service.spec.predictor
}
const ofFormat = predictor('{ model: { modelFormat: { name: sklearn } } }')

t.test('a predictor uses the runtime by name, else by model format', async t => {
  const cluster = runtime('ClusterServingRuntime', 'cluster', serves(1))
  const better = runtime('ClusterServingRuntime', 'better', serves(2))
  const near = runtime('ServingRuntime', 'near', serves(1))
  for (const [name, yaml, spec, expected] of [
    ['no runtime', '', ofFormat, undefined],
    ['modelFormat', cluster, ofFormat, 'cluster'],
    ['format as key of the predictor', cluster, predictor('{ sklearn: { storageUri: x } }'), 'cluster'],
    ['higher priority takes precedence', `${cluster}---${better}`, ofFormat, 'better'],
    ['ServingRuntime takes precedence over ClusterServingRuntime', `${better}---${near}`, ofFormat, 'near'],
    [
      'disabled runtime is ignored',
      runtime('ServingRuntime', 'off', serves(1, 'disabled: true,')),
      ofFormat,
      undefined
    ],
    [
      'runtime without autoSelect is ignored',
      runtime('ServingRuntime', 'manual', '{ supportedModelFormats: [{ name: sklearn }] }'),
      ofFormat,
      undefined
    ],
    [
      'runtime without a priority',
      runtime('ServingRuntime', 'plain', '{ supportedModelFormats: [{ name: sklearn, autoSelect: true }] }'),
      ofFormat,
      'plain'
    ],
    ['ClusterServingRuntime by name', `${cluster}---${near}`, predictor('{ model: { runtime: cluster } }'), 'cluster'],
    ['ServingRuntime by name', near, predictor('{ model: { runtime: near } }'), 'near'],
    ['custom container', cluster, predictor('{ containers: [] }'), undefined]
  ] as const) {
    t.equal(findRuntime(stateOf(yaml), 'user1', spec)?.name, expected, name)
  }
})
