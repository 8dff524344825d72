import t from 'tap'
import { explain } from '../../src/engine/explain.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { toExplanation } from '../../src/report/explanation.ts'
import { type Detail, toExplanationText } from '../../src/report/explanation-text.ts'
import { RULES } from '../../src/rules/index.ts'
import { clientRule, hostTaken, model, namespace, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const mutual = clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')
const onlyUser2 = (namespace: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: ${namespace}, name: only-user2 }
spec: { rules: [{ from: [{ source: { namespaces: [user2] } }] }] }
`
const inNamespace = (namespace: string, name = 'new') =>
  model('').replace('namespace: user1', `namespace: ${namespace}`).replace('name: new', `name: ${name}`)

function textOf(yaml: string, detail: Detail = 'overview', showFix = false): string {
  const state = stockWith(yaml)
  const explanation = toExplanation(
    state,
    explain(state, () => true, RULES, DEFAULT_POLICY)
  )
  return toExplanationText(explanation, detail, showFix)
}

const count = (text: string, part: string) => text.split(part).length - 1

t.test('an overview has one line for all healthy InferenceServices', async t => {
  t.equal(
    textOf(''),
    `ok       2: user1/sklearn-iris, user1/sklearn-iris-burst

0 of 2 InferenceServices affected; mesh-guard explain NAMESPACE/NAME shows the paths`
  )
  t.match(
    textOf(together(model(''), inNamespace('user1', 'other'))),
    /^ok {7}4: user1\/new, user1\/other, user1\/sklearn-iris, user1\/sklearn-iris-burst\n/
  )
  const many = Array.from({ length: 5 }, (_, i) => inNamespace('user1', `m${i}`))
  t.match(textOf(together(...many)), /^ok {7}7: user1\/m0, user1\/m1, user1\/m2 and 4 more\n/)
})

t.test('an overview groups InferenceServices with equal results and numbers their causes', async t => {
  t.equal(
    textOf(together(mutual, onlyUser2('user1'))),
    `RESULT   INFERENCESERVICES                                EXTERNAL  IN-MESH      NON-MESH  PROBE    CAUSES
BLOCKED  2: user1/sklearn-iris, user1/sklearn-iris-burst  BLOCKED   BLOCKED 5/6  BLOCKED   BLOCKED  1,2

[1] policy-denies-request-path: AuthorizationPolicy user1/only-user2 spec.rules (2 InferenceServices)
    AuthorizationPolicy user1/only-user2 denies callers of other namespaces at user1/sklearn-iris (403)
[2] client-mtls-to-plain-listener: DestinationRule istio-system/default spec.trafficPolicy.tls.mode (2 InferenceServices)
    istio-system gateways send mTLS to Gateway knative-serving/knative-local-gateway:8081, which accepts only plaintext

2 of 2 InferenceServices affected; mesh-guard explain NAMESPACE/NAME shows the paths`
  )
})

t.test('an overview has the most severe results first', async t => {
  const text = textOf(
    together(
      hostTaken('new.user3.svc.cluster.local'),
      hostTaken('new-predictor.user3.svc.cluster.local').replace('name: taken', 'name: taken-too'),
      inNamespace('user3'),
      model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }'),
      onlyUser2('user4'),
      namespace('istio-injection: enabled').replace('user1', 'user4'),
      inNamespace('user4'),
      inNamespace('user4', 'local').replace(
        'name: local',
        'name: local, labels: { networking.knative.dev/visibility: cluster-local }'
      )
    )
  )
  t.equal(
    text,
    `RESULT   INFERENCESERVICES  EXTERNAL       IN-MESH      NON-MESH  PROBE    CAUSES
BLOCKED  user4/local        not published  BLOCKED 7/8  BLOCKED   BLOCKED  1
BLOCKED  user4/new          BLOCKED        BLOCKED 7/8  BLOCKED   BLOCKED  1
UNKNOWN  user3/new          ok             UNKNOWN      ok        ok       2,3
ok       2: user1/sklearn-iris, user1/sklearn-iris-burst
user1/new: no request paths: ModelMesh pods are shared and are not modeled

[1] policy-denies-request-path: AuthorizationPolicy user4/only-user2 spec.rules (2 InferenceServices)
    AuthorizationPolicy user4/only-user2 denies callers of other namespaces at user4/local (403)
[2] unknown: ServiceEntry istio-system/taken-too has a host of the model; which Service proxies use is not modeled
[3] unknown: ServiceEntry istio-system/taken has a host of the model; which Service proxies use is not modeled

3 of 6 InferenceServices affected; mesh-guard explain NAMESPACE/NAME shows the paths`
  )
})

t.test('an overview of 1,000 InferenceServices with 50 causes fits one screen', async t => {
  const namespaces = Array.from({ length: 50 }, (_, i) => `team-${i}`)
  const models = namespaces.flatMap(name => Array.from({ length: 20 }, (_, i) => inNamespace(name, `m${i}`)))
  const injecting = namespaces.map(name => namespace('istio-injection: enabled').replace('user1', name))
  const text = textOf(together(...injecting, ...models, ...namespaces.map(onlyUser2)))
  t.ok(text.split('\n').length <= 50, text)
  t.match(text, /\nand 760 other InferenceServices; -n selects /)
  t.match(text, /\nand 38 other causes\n/)
})

t.test('a cell is empty for callers without a path', async t => {
  const standard = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
  t.match(textOf(together(onlyUser2('user1'), standard)), /^BLOCKED {2}user1\/new .* - +1$/m)
})

t.test('fixes are printed on request', async t => {
  for (const detail of ['overview', 'paths', 'hops'] as const) {
    t.equal(count(textOf(mutual, detail), 'kind: Gateway'), 0, detail)
    t.ok(count(textOf(mutual, detail, true), 'kind: Gateway') > 0, detail)
  }
})
