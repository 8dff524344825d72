import t from 'tap'
import rule from '../../src/rules/activator-bypasses-policy.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { allow, authorizing, model, policy, tokens } from '../support/objects.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const OWN = allow('{ namespaces: [user1, knative-serving, istio-system] }')
const PLACE = 'InferenceService user1/sklearn-iris-burst spec.predictor'
/** A token of everyone save Knative. */
const ASKS = authorizing(
  '{ rules: [{ from: [{ source: { namespaces: [knative-serving] } }] }, { from: [{ source: { requestPrincipals: ["*"] } }] }] }'
)
const closed = (spec: string) => authorizing(spec, 'knative-serving')
const DENY = `{ selector: { matchLabels: { app: activator } }, action: DENY, rules: [{
  from: [{ source: { notNamespaces: [user1, istio-system, knative-serving] } }],
  when: [{ key: "request.headers[Knative-Serving-Namespace]", values: [user1] }] }] }`

cases(t, rule, {
  'who is kept out by namespace': [`${STRICT}---${OWN}`, [PLACE]],
  'the activator refuses them': [`${STRICT}---${OWN}---${closed(DENY)}`, []],
  'but for another namespace': [
    `${STRICT}---${OWN}---${closed(DENY.replace('values: [user1]', 'values: [user2]'))}`,
    [PLACE]
  ],
  'the activator is kept out as well': [`${STRICT}---${allow('{ namespaces: [user1, istio-system] }')}`, []],
  'who comes from the mesh is let in': [`${STRICT}---${allow('{ namespaces: ["*"] }')}`, []],
  'who comes is not looked at': [authorizing('{ rules: [{ to: [{ operation: { methods: [POST] } }] }] }'), []],
  'in mode Standard': [
    `${STRICT}---${OWN}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }').replace('name: new', 'name: sklearn-iris-burst')}`,
    []
  ],
  'pods without a sidecar keep nobody out': [`${OWN}---${model(', labels: { sidecar.istio.io/inject: "false" }')}`, []],
  'a token': [`${STRICT}---${tokens()}---${ASKS}`, [PLACE]],
  'without any component': [`${STRICT}---${OWN}---${model('', '')}`, [PLACE]]
})

t.test('how it is closed', async t => {
  const fix = (yaml: string) => findingsOf(rule.id, yaml)[0]?.fix
  t.match(fix(`${STRICT}---${OWN}`), {
    apply: [{ metadata: { name: 'user1-via-activator', namespace: 'knative-serving' }, spec: { action: 'DENY' } }]
  })
  t.match(fix(`${STRICT}---${tokens()}---${ASKS}`), {
    apply: [
      {
        metadata: { name: 'policy-via-activator', namespace: 'user1' },
        spec: {
          selector: undefined,
          rules: [{ from: [{ source: { principals: ['cluster.local/ns/knative-serving/sa/activator'] } }] }]
        }
      }
    ]
  })
  const narrow = ASKS.replace('{ rules:', '{ selector: { matchLabels: { component: predictor } }, rules:')
  t.match(fix(`${STRICT}---${tokens()}---${narrow}`), {
    apply: [{ spec: { selector: { matchLabels: { component: 'predictor' } } } }]
  })
  t.equal(fix(`${STRICT}---${ASKS}`)?.apply, undefined, 'not where tokens are not read at all')
})
