import t from 'tap'
import { callsTo } from '../../src/kserve/inference-request.ts'
import { authentication, model, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

function calls(spec: string, ...objects: readonly string[]) {
  const state = stockWith(together(model('', spec), ...objects))
  const service = state.get('InferenceService', 'user1', 'new')
  if (service === undefined) throw new Error('no model')
  return callsTo(state, service, 'new.example.com')
}

t.test('protocol and model format select the path of the inference request', async t => {
  const format = (name: string, more = '') => `predictor: { model: { modelFormat: { name: ${name} } ${more} } }`
  for (const [spec, path] of [
    [format('sklearn'), '/v1/models/new:predict'],
    [format('sklearn', ', protocolVersion: v2'), '/v2/models/new/infer'],
    [format('sklearn', ', protocolVersion: grpc-v2'), '/inference.GRPCInferenceService/ModelInfer'],
    [format('sklearn', ', protocolVersion: v3'), undefined],
    [format('triton'), '/v2/models/new/infer'],
    [format('huggingface'), undefined],
    [format('constructor'), '/v1/models/new:predict'],
    ['predictor: { sklearn: {} }', '/v1/models/new:predict'],
    ['predictor: { sklearn: { protocolVersion: v2 } }', '/v2/models/new/infer'],
    ['predictor: { containers: [] }', undefined],
    ['transformer: {}', undefined]
  ] as const) {
    const [call, ...others] = calls(spec)
    t.match(call, { host: 'new.example.com', path, method: 'POST' }, spec)
    t.same(others, [])
  }
})

t.test('requests carry no JWT, or a JWT of each issuer on the path', async t => {
  const spec = 'predictor: { sklearn: {} }'
  const tokens = (...objects: readonly string[]) => calls(spec, ...objects).map(({ token }) => token?.issuer)
  t.same(
    tokens(
      authentication('istio-system', '{ jwtRules: [{ issuer: gateway }] }'),
      authentication('knative-serving', '{ jwtRules: [{ issuer: gateway }, { issuer: activator }] }'),
      authentication('user1', '{ jwtRules: [{ issuer: model }, {}] }'),
      authentication('batch', '{ jwtRules: [{ issuer: elsewhere }] }')
    ),
    [undefined, 'gateway', 'activator', 'model']
  )
})
