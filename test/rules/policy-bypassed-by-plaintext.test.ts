import t from 'tap'
import rule from '../../src/rules/policy-bypassed-by-plaintext.ts'
import { allow, authorizing, model, policy } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const deny = (rule: string, namespace = 'user1') => authorizing(`{ action: DENY, rules: [{ ${rule} }] }`, namespace)
const FROM = 'from: [{ source: { namespaces: [user2] } }]'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const PLACE = ['AuthorizationPolicy user1/policy spec.rules[0]']
const withoutSidecar = model(', labels: { sidecar.istio.io/inject: "false" }')

testRule(t, rule, {
  'DENY with namespaces': [deny(FROM), PLACE],
  'DENY with a condition on identity': [deny('when: [{ key: source.principal, values: ["*/user2/*"] }]'), PLACE],
  'DENY with notNamespaces': [deny('from: [{ source: { notNamespaces: [user1] } }]'), []],
  'DENY with notValues': [deny('when: [{ key: source.principal, notValues: ["*/user1/*"] }]'), []],
  'DENY with ipBlocks': [deny('from: [{ source: { ipBlocks: [10.0.0.0/8] } }]'), []],
  'DENY without a source': [deny('from: [{}]'), []],
  'ALLOW with notNamespaces': [allow('{ notNamespaces: [user2] }'), PLACE],
  'ALLOW with notPrincipals': [allow('{ notPrincipals: ["*/user2/*"] }'), PLACE],
  'ALLOW with namespaces and notPrincipals': [allow('{ namespaces: ["*"], notPrincipals: ["*/user2/*"] }'), []],
  'ALLOW with notValues': [
    authorizing('{ rules: [{ when: [{ key: source.namespace, notValues: [user2] }] }] }'),
    PLACE
  ],
  'ALLOW with a condition on identity': [
    authorizing('{ rules: [{ when: [{ key: source.namespace, values: [user2] }] }] }'),
    []
  ],
  'ALLOW with notIpBlocks': [allow('{ notIpBlocks: [10.0.0.0/8] }'), []],
  'null rule': [authorizing('{ action: DENY, rules: [null] }'), []],
  AUDIT: [deny(FROM).replace('DENY', 'AUDIT'), []],
  'dry-run policy': [deny(FROM).replace('name: policy', 'name: policy, annotations: { istio.io/dry-run: "true" }'), []],
  'STRICT pods': [`${STRICT}---${deny(FROM)}`, []],
  'STRICT pods with a PERMISSIVE serving port': [
    `${policy('user1', '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT }, portLevelMtls: { 8012: { mode: PERMISSIVE } } }')}---${deny(FROM)}`,
    PLACE
  ],
  'STRICT pods, one without a sidecar': [`${STRICT}---${deny(FROM)}---${withoutSidecar}`, PLACE],
  'another policy requires an identity': [
    `${deny(FROM)}---${allow('{ namespaces: ["*"] }').replace('name: policy', 'name: other')}`,
    []
  ],
  'selector for other pods': [
    deny(FROM).replace('action: DENY', 'selector: { matchLabels: { app: httpbin } }, action: DENY'),
    []
  ],
  'Standard mode': [
    `${deny(FROM).replace('action: DENY', 'selector: { matchLabels: { app: isvc.new-predictor } }, action: DENY')}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }')}`,
    PLACE
  ],
  'mesh-wide': [deny(FROM, 'istio-system'), ['AuthorizationPolicy istio-system/policy spec.rules[0]']],
  'namespace without models': [deny(FROM, 'user2'), []]
})

t.test('the fix makes the namespace STRICT', async t => {
  const fix = (yaml: string) => findingsOf(rule.id, yaml)[0]?.fix
  t.match(fix(deny(FROM)), { apply: [{ kind: 'PeerAuthentication', metadata: { namespace: 'user1' } }] })
  t.match(fix(`${STRICT}---${deny(FROM)}---${withoutSidecar}`), { apply: [] })
  t.match(fix(deny(FROM, 'istio-system')), { apply: [] })
})
