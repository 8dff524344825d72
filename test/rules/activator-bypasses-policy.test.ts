import t from 'tap'
import rule from '../../src/rules/activator-bypasses-policy.ts'
import { allow, authorizing, model, policy, tokens } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const OWN = allow('{ namespaces: [user1, knative-serving, istio-system] }')
const PLACE = 'InferenceService user1/sklearn-iris-burst spec.predictor'
/** Requires a JWT of every caller except Knative. */
const JWT_REQUIRED = authorizing(
  '{ rules: [{ from: [{ source: { namespaces: [knative-serving] } }] }, { from: [{ source: { requestPrincipals: ["*"] } }] }] }'
)
const atActivator = (spec: string) => authorizing(spec, 'knative-serving')
const DENY = `{ selector: { matchLabels: { app: activator } }, action: DENY, rules: [{
  from: [{ source: { notNamespaces: [user1, istio-system, knative-serving] } }],
  when: [{ key: "request.headers[Knative-Serving-Namespace]", values: [user1] }] }] }`

testRule(t, rule, {
  'policy on namespaces': [`${STRICT}---${OWN}`, [PLACE]],
  'policy of the activator denies the same callers': [`${STRICT}---${OWN}---${atActivator(DENY)}`, []],
  'policy of the activator denies only requests to another namespace': [
    `${STRICT}---${OWN}---${atActivator(DENY.replace('values: [user1]', 'values: [user2]'))}`,
    [PLACE]
  ],
  'policy that denies the activator': [`${STRICT}---${allow('{ namespaces: [user1, istio-system] }')}`, []],
  'policy that allows any mesh identity': [`${STRICT}---${allow('{ namespaces: ["*"] }')}`, []],
  'policy without identities': [authorizing('{ rules: [{ to: [{ operation: { methods: [POST] } }] }] }'), []],
  'Standard mode': [
    `${STRICT}---${OWN}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }').replace('name: new', 'name: sklearn-iris-burst')}`,
    []
  ],
  'pods without a sidecar': [`${OWN}---${model(', labels: { sidecar.istio.io/inject: "false" }')}`, []],
  JWT: [`${STRICT}---${tokens()}---${JWT_REQUIRED}`, [PLACE]],
  'InferenceService without components': [`${STRICT}---${OWN}---${model('', '')}`, [PLACE]]
})

t.test('the fix adds a policy for the activator', async t => {
  const fix = (yaml: string) => findingsOf(rule.id, yaml)[0]?.fix
  t.match(fix(`${STRICT}---${OWN}`), {
    apply: [{ metadata: { name: 'user1-via-activator', namespace: 'knative-serving' }, spec: { action: 'DENY' } }]
  })
  t.match(fix(`${STRICT}---${tokens()}---${JWT_REQUIRED}`), {
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
  const narrow = JWT_REQUIRED.replace('{ rules:', '{ selector: { matchLabels: { component: predictor } }, rules:')
  t.match(fix(`${STRICT}---${tokens()}---${narrow}`), {
    apply: [{ spec: { selector: { matchLabels: { component: 'predictor' } } } }]
  })
  t.equal(fix(`${STRICT}---${JWT_REQUIRED}`)?.apply, undefined, 'only text if no JWT is validated')
})
