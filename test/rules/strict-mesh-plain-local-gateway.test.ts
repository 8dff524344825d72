import t from 'tap'
import { evaluate } from '../../src/engine/evaluate.ts'
import { allFound } from '../../src/engine/introduced-problems.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/strict-mesh-plain-local-gateway.ts'
import { cases } from '../support/cases.ts'
import { gateway, policy } from '../support/objects.ts'
import { stockWith } from '../support/state.ts'

const config = (ingress: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: kserve, name: inferenceservice-config }
data: { ingress: ${JSON.stringify(ingress)} }
`
const STRICT = policy('istio-system', '{ mtls: { mode: STRICT } }')
const PLACE = 'PeerAuthentication istio-system/default spec.mtls.mode'
const mutual = (host: string) =>
  `{ hosts: ["${host}"], port: { name: https, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }`
const plain = '{ hosts: ["*"], port: { name: http, number: 8081, protocol: HTTP } }'
const LOCAL = 'knative-local-gateway'

cases(t, rule, {
  'permissive mesh': [policy('istio-system', '{ mtls: { mode: PERMISSIVE } }'), []],
  'STRICT in a namespace alone': [policy('user1', '{ mtls: { mode: STRICT } }'), []],
  'a policy with a selector is not for the mesh': [
    policy('istio-system', '{ selector: { matchLabels: { istio: ingressgateway } }, mtls: { mode: STRICT } }'),
    []
  ],
  'both served': [`${STRICT}---${gateway(LOCAL, `${mutual('*.svc.cluster.local')}, ${plain}`)}`, []],
  'both served, but for other names': [
    `${STRICT}---${gateway(LOCAL, `${mutual('*.example.com')}, ${plain}`)}`,
    [PLACE]
  ],
  'mTLS alone': [`${STRICT}---${gateway(LOCAL, mutual('*'))}`, []],
  'no listener at all': [
    `${STRICT}---${gateway(LOCAL, '{ hosts: ["*"], port: { name: http, number: 80, protocol: HTTP } }')}`,
    []
  ],
  'an older policy is in force': [
    `${STRICT}---${policy('istio-system', '{ mtls: { mode: PERMISSIVE } }').replace('name: default', 'name: older, creationTimestamp: "2026-01-01T00:00:00Z"')}`,
    []
  ],
  'the VirtualService is off': [
    `${STRICT}---${config('{ "ingressGateway": "a/b", "disableIstioVirtualHost": true }')}`,
    []
  ],
  'a Service that does not exist': [
    `${STRICT}---${config('{ "ingressGateway": "a/b", "localGatewayService": "x.y.svc.cluster.local" }')}`,
    []
  ],
  'a Service that leads to no gateway': [
    `${STRICT}---${config('{ "ingressGateway": "a/b", "localGatewayService": "activator-service.knative-serving.svc.cluster.local" }')}`,
    []
  ]
})

t.test('the message names models and gateway, and the fix serves both', async t => {
  const found = allFound(evaluate(stockWith(STRICT), RULES))
  t.match(found, [
    {
      problem: {
        message:
          'STRICT mesh, but user1/sklearn-iris, user1/sklearn-iris-burst pass plain HTTP at knative-serving/knative-local-gateway',
        fix: { apply: [{ spec: { servers: [{ tls: { mode: 'ISTIO_MUTUAL' } }, { port: { protocol: 'HTTP' } }] } }] }
      }
    }
  ])
})

t.test('many models are counted', async t => {
  const model = (name: string) => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: ${name} }
spec: { predictor: {} }
`
  const messageIn = (state: Snapshot) => allFound(evaluate(state, RULES))[0]?.problem.message
  t.match(
    messageIn(stockWith([STRICT, ...['a', 'b', 'c'].map(model)].join('---'))),
    'user1/a, user1/b, user1/c and 2 more pass'
  )
  t.match(messageIn(stockWith(STRICT).withAll('InferenceService', [])), 'but models pass')
  const elsewhere = stockWith(STRICT).withAll('InferenceService', []).withAll('ConfigMap', [])
  t.equal(messageIn(elsewhere), undefined, 'not where KServe is not installed')
  t.match(messageIn(stockWith(STRICT).withAll('ConfigMap', [])), 'sklearn-iris', 'but where there is a model')
})
