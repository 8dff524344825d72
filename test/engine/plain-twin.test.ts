/** A new InferenceService is compared with its plain twin, an updated one by the pods that the update creates. */
import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { diffEvaluations } from '../../src/engine/diff.ts'
import { evaluate } from '../../src/engine/incremental/evaluate.ts'
import { compareWithTwin } from '../../src/engine/plain-twin.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Change } from '../../src/state/snapshot.ts'
import { authorization, clientRule, configMap, namespace } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const PODS = '*.user1.svc.cluster.local'
const MUTUAL = clientRule(PODS, '{ tls: { mode: ISTIO_MUTUAL } }')
const GATEWAY = clientRule('knative-local-gateway.istio-system.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')
const WITHOUT_ACTIVATOR = configMap('knative-serving', 'config-autoscaler', { 'target-burst-capacity': '0' })
const DENY_ALL = authorization('user1', '{}')

const model = (metadata = '', predictor = '') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new ${metadata} }
spec: { predictor: { model: { modelFormat: { name: sklearn } } ${predictor} } }
`
const OPTED_OUT = ', labels: { sidecar.istio.io/inject: "false" }'
const TO_ZERO = ', minReplicas: 0'
/** Requires an identity: the mutating webhook would take the activator, which has none, off the path. */
const ONLY_GATEWAYS = authorization(
  'user1',
  '{ rules: [{ from: [{ source: { namespaces: [istio-system] } }] }, { to: [{ operation: { paths: [/metrics] } }] }] }'
)
const BURST_ZERO = `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: knative-serving, name: config-autoscaler }
data: { target-burst-capacity: "0" }
`

const decideCreate = (state: string, object: string, policy = DEFAULT_POLICY) =>
  decide(stockWith(state), { operation: 'CREATE', after: resourceOf(object) }, RULES, policy)

for (const [name, state, object, decision] of [
  ['existing objects block any model', GATEWAY, model(), 'warn'],
  ['a policy denies any model', DENY_ALL, model(), 'warn'],
  ['a label of the model blocks it', MUTUAL, model(OPTED_OUT), 'deny'],
  ['a label of a component blocks it', MUTUAL, model('', OPTED_OUT), 'deny'],
  [
    'a label of the model prevents what the webhook would add',
    `${namespace('mesh-guard.io/policy: mesh')}---${MUTUAL}---${WITHOUT_ACTIVATOR}`,
    model(OPTED_OUT),
    'deny'
  ],
  [
    'the webhook would add nothing that helps',
    `${namespace('')}---${MUTUAL}---${WITHOUT_ACTIVATOR}`,
    model(OPTED_OUT),
    'warn'
  ],
  ['a label of the model adds a cause to an existing one', `${DENY_ALL}---${MUTUAL}`, model(OPTED_OUT), 'warn'],
  ['its scale to zero needs the activator, as any model does', ONLY_GATEWAYS, model('', TO_ZERO), 'warn'],
  ['only its scale to zero needs the activator', `${ONLY_GATEWAYS}---${BURST_ZERO}`, model('', TO_ZERO), 'deny'],
  ['nothing blocks it', MUTUAL, model(), 'allow']
] as const) {
  t.test(`a new model, ${name}: ${decision}`, async t => {
    const { decision: got, findings } = decideCreate(state, object)
    t.equal(got, decision)
    t.equal(
      findings.some(({ blocked }) => blocked.some(({ inferenceService }) => inferenceService === 'user1/new')),
      decision !== 'allow'
    )
  })
}

t.test('a configured mode is not lowered', async t => {
  const configured = { ...DEFAULT_POLICY, rules: { 'policy-denies-request-path': 'deny' } as const }
  t.equal(decideCreate(DENY_ALL, model(), configured).decision, 'deny')
})

t.test('a path is not denied if the twin cannot be evaluated', async t => {
  const after = resourceOf(model())
  const { blocked } = diffEvaluations(
    evaluate(stockWith(GATEWAY), RULES),
    evaluate(stockWith(`${GATEWAY}---${model()}`), RULES)
  )
  t.ok(blocked.length > 0)
  const compared = compareWithTwin(
    stockWith(GATEWAY).withUnreadable(new Map([['Gateway', 'forbidden']])),
    after,
    blocked
  )
  t.ok(compared.every(({ hasExistingCause }) => hasExistingCause))
})

t.test('a new model that cannot be evaluated is not denied', async t => {
  const state = stockWith(GATEWAY).withUnreadable(new Map([['Gateway', 'forbidden']]))
  const { decision, findings } = decide(
    state,
    { operation: 'CREATE', after: resourceOf(model()) },
    RULES,
    DEFAULT_POLICY
  )
  t.match({ decision, findings }, { decision: 'warn', findings: [] })
})

t.test('a new revision is evaluated by its own pods', async t => {
  const state = stockWith(`${namespace('istio-injection: disabled')}---${MUTUAL}`)
  const before = state.get('InferenceService', 'user1', 'sklearn-iris')
  if (before === undefined) throw new Error('the example has no model')
  const decideUpdate = (then: object, now: object) => {
    const sent = { oldObject: { metadata: {}, ...then }, object: { metadata: {}, ...now } }
    const change: Change = { operation: 'UPDATE', before, after: { ...before, created: undefined }, sent }
    return decide(state, change, RULES, DEFAULT_POLICY)
  }
  const uri = (version: string) => ({ spec: { predictor: { model: { storageUri: `gs://bucket/${version}` } } } })
  t.match(decideUpdate(uri('v1'), uri('v2')), {
    decision: 'deny',
    findings: [{ blocked: [{ inferenceService: 'user1/sklearn-iris' }] }]
  })
  t.match(decideUpdate(uri('v1'), uri('v1')), { decision: 'allow', findings: [] }, 'no new revision')
  const annotated = {
    ...uri('v1'),
    metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '' } }
  }
  const withMetadata = (metadata: object) => ({ ...uri('v1'), metadata })
  const order = [
    { x: '1', y: '2' },
    { y: '2', x: '1' }
  ].map(annotations => withMetadata({ annotations }))
  t.match(decideUpdate(order[0] as object, order[1] as object), { decision: 'allow' }, 'annotations in another order')
  t.match(decideUpdate(withMetadata({ labels: {} }), uri('v1')), { decision: 'allow' }, 'no labels')
  t.match(decideUpdate(withMetadata({ labels: { x: '1' } }), uri('v1')), { decision: 'deny' }, 'removed label')
  t.match(decideUpdate(uri('v1'), annotated), { decision: 'allow', findings: [] }, 'annotation that is not propagated')
})
