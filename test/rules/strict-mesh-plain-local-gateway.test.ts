import t from 'tap'
import { evaluate } from '../../src/engine/incremental/evaluate.ts'
import { allFound } from '../../src/engine/problem-diff.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/strict-mesh-plain-local-gateway.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { configMap, gateway, policy } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { testRule } from '../support/table-test.ts'

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

testRule(t, rule, {
  'PERMISSIVE mesh': [policy('istio-system', '{ mtls: { mode: PERMISSIVE } }'), []],
  'STRICT only in a namespace': [policy('user1', '{ mtls: { mode: STRICT } }'), []],
  'policy with a selector': [
    policy('istio-system', '{ selector: { matchLabels: { istio: ingressgateway } }, mtls: { mode: STRICT } }'),
    []
  ],
  'gateway accepts mTLS and plaintext': [
    `${STRICT}---${gateway(LOCAL, `${mutual('*.svc.cluster.local')}, ${plain}`)}`,
    []
  ],
  'mTLS only for other hosts': [`${STRICT}---${gateway(LOCAL, `${mutual('*.example.com')}, ${plain}`)}`, [PLACE]],
  'gateway accepts only mTLS': [`${STRICT}---${gateway(LOCAL, mutual('*'))}`, []],
  'no listener': [
    `${STRICT}---${gateway(LOCAL, '{ hosts: ["*"], port: { name: http, number: 80, protocol: HTTP } }')}`,
    []
  ],
  'an older policy takes precedence': [
    `${STRICT}---${policy('istio-system', '{ mtls: { mode: PERMISSIVE } }').replace('name: default', 'name: older, creationTimestamp: "2026-01-01T00:00:00Z"')}`,
    []
  ],
  disableIstioVirtualHost: [
    `${STRICT}---${config('{ "ingressGateway": "a/b", "disableIstioVirtualHost": true }')}`,
    []
  ],
  'a Service that does not exist': [
    `${STRICT}---${config('{ "ingressGateway": "a/b", "localGatewayService": "x.y.svc.cluster.local" }')}`,
    []
  ],
  'a Service that targets no gateway': [
    `${STRICT}---${config('{ "ingressGateway": "a/b", "localGatewayService": "activator-service.knative-serving.svc.cluster.local" }')}`,
    []
  ]
})

t.test('the message names the gateway, and the fix accepts mTLS and plaintext', async t => {
  const found = allFound(evaluate(stockWith(STRICT), RULES))
  t.match(found, [
    {
      problem: {
        message:
          'Mesh-wide STRICT, but knative-serving/knative-local-gateway accepts only plaintext (2 models affected)',
        models: ['user1/sklearn-iris', 'user1/sklearn-iris-burst'],
        fix: {
          text: /^First let knative-serving\/knative-local-gateway accept mTLS and plaintext on port 8081\. /,
          apply: [{ spec: { servers: [{ tls: { mode: 'ISTIO_MUTUAL' } }, { port: { protocol: 'HTTP' } }] } }]
        }
      }
    }
  ])
})

t.test('the message counts the affected models', async t => {
  const model = (name: string) => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: ${name} }
spec: { predictor: {} }
`
  const without = stockWith(STRICT).withAll('InferenceService', [])
  const problemIn = (state: Snapshot) => allFound(evaluate(state, RULES))[0]?.problem
  const messageIn = (state: Snapshot) => problemIn(state)?.message
  const five = stockWith([STRICT, ...['a', 'b', 'c'].map(model)].join('---'))
  t.match(messageIn(five), '(5 models affected)')
  t.match(
    problemIn(five)?.fix.text,
    'it breaks for user1/a, user1/b, user1/c and 2 more as soon as',
    'the fix names the affected models'
  )
  t.match(problemIn(without)?.fix.text, 'it breaks as soon as')
  t.match(messageIn(without.withAll('InferenceService', [resourceOf(model('a'))])), '(1 model affected)')
  t.match(messageIn(without), /accepts only plaintext$/)
  const standard = configMap('kserve', 'inferenceservice-config', { deploy: '{ "defaultDeploymentMode": "Standard" }' })
  const byDefault = stockWith(`${STRICT}---${standard}`).withAll('InferenceService', [])
  t.equal(messageIn(byDefault), undefined, 'no finding if models are in Standard mode by default')
  const unknown = stockWith(STRICT).withAll('ConfigMap', [])
  t.equal(messageIn(unknown), undefined, "no finding if KServe's configuration is not found")
})
