import t from 'tap'
import { attributesOf, fingerprintOf } from '../../src/subject/model-fingerprint.ts'
import { discriminatorsFor } from '../../src/subject/namespace-discriminators.ts'
import { stockWith } from '../support/snapshot.ts'

const model = (name: string, predictor = '') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user2, name: ${name} }
spec: { predictor: { model: { modelFormat: { name: sklearn } } ${predictor} } }
`
const service = (name: string, spec: string, annotations = '{}') => `
apiVersion: v1
kind: Service
metadata: { namespace: user2, name: ${name}, annotations: ${annotations} }
spec: ${spec}
`
const alias = (host: string) => `{ type: ExternalName, externalName: ${host}.user2.svc.cluster.local }`
const port = (name: string) => `{ ports: [{ name: ${name}, port: 80 }] }`
const pod = (model: string, annotations = '{}') => `
apiVersion: v1
kind: Pod
metadata:
  namespace: user2
  name: ${model}
  labels: { serving.kserve.io/inferenceservice: ${model}, component: predictor }
  annotations: ${annotations}
spec: { containers: [{ name: istio-proxy, args: [proxy, sidecar] }] }
`
const selecting = (kind: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { namespace: user2, name: policy }
spec: { selector: { matchLabels: { serving.kserve.io/inferenceservice: a } } ${spec} }
`
const sidecar = (host: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: user1, name: default }
spec: { egress: [{ hosts: ["*/${host}.user2.svc.cluster.local"] }] }
`

for (const [name, objects, isEqual] of [
  ['equal models', [model('a'), model('b')], true],
  [
    'Services with an alias of their own component',
    [model('a'), model('b'), service('a', alias('a-predictor')), service('b', alias('b-predictor'))],
    true
  ],
  [
    'Services with one alias',
    [model('a'), model('b'), service('a', alias('a-predictor')), service('b', alias('a-predictor'))],
    false
  ],
  [
    'an annotation of one component that KServe does not propagate',
    [model('a'), model('b', ', annotations: { autoscaling.knative.dev/min-scale: "1" }')],
    false
  ],
  ['a Service of only one', [model('a'), model('b'), service('a-predictor', port('http'))], false],
  [
    'Service ports of another protocol',
    [model('a'), model('b'), service('a-predictor', port('http')), service('b-predictor', port('tcp'))],
    false
  ],
  [
    'a Service that is not exported',
    [
      model('a'),
      model('b'),
      service('a-predictor', port('http')),
      service('b-predictor', port('http'), '{ networking.istio.io/exportTo: . }')
    ],
    false
  ],
  ['a Sidecar with the host of one', [model('a'), model('b'), sidecar('a-predictor')], false],
  [
    'pods of which one excludes an inbound port',
    [
      ...['a', 'b'].map(name => model(name)),
      pod('a', '{ traffic.sidecar.istio.io/excludeInboundPorts: "8080" }'),
      pod('b')
    ],
    false
  ],
  ...['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'].map(
    kind => [`${kind} that selects one`, [model('a'), model('b'), selecting(kind, '')], false] as const
  ),
  ['a field of the spec', [model('a'), model('b', ', maxReplicas: 3')], false]
] as const) {
  t.test(`${name}: ${isEqual ? 'equal' : 'different'} fingerprints`, async t => {
    const state = stockWith(objects.join('---'))
    const [a, b] = state
      .list('InferenceService', 'user2')
      .map(one => fingerprintOf(attributesOf(state, one), discriminatorsFor(state, 'user2')))
    t.equal(a === b, isEqual)
  })
}
