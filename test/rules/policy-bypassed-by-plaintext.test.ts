import t from 'tap'
import rule from '../../src/rules/policy-bypassed-by-plaintext.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { allow, authorizing, model, policy } from '../support/objects.ts'

const deny = (rule: string, namespace = 'user1') => authorizing(`{ action: DENY, rules: [{ ${rule} }] }`, namespace)
const FROM = 'from: [{ source: { namespaces: [user2] } }]'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const PLACE = ['AuthorizationPolicy user1/policy spec.rules[0]']
const naked = model(', labels: { sidecar.istio.io/inject: "false" }')

cases(t, rule, {
  'DENY by identity': [deny(FROM), PLACE],
  'DENY by a condition': [deny('when: [{ key: source.principal, values: ["*/user2/*"] }]'), PLACE],
  'DENY of all but some': [deny('from: [{ source: { notNamespaces: [user1] } }]'), []],
  'DENY by a condition of all but some': [deny('when: [{ key: source.principal, notValues: ["*/user1/*"] }]'), []],
  'DENY by address': [deny('from: [{ source: { ipBlocks: [10.0.0.0/8] } }]'), []],
  'DENY of anyone': [deny('from: [{}]'), []],
  'ALLOW of all but some': [allow('{ notNamespaces: [user2] }'), PLACE],
  'ALLOW of all but some principals': [allow('{ notPrincipals: ["*/user2/*"] }'), PLACE],
  'ALLOW of some, but for some of them': [allow('{ namespaces: ["*"], notPrincipals: ["*/user2/*"] }'), []],
  'ALLOW by a condition of all but some': [
    authorizing('{ rules: [{ when: [{ key: source.namespace, notValues: [user2] }] }] }'),
    PLACE
  ],
  'ALLOW by a condition': [authorizing('{ rules: [{ when: [{ key: source.namespace, values: [user2] }] }] }'), []],
  'ALLOW by address': [allow('{ notIpBlocks: [10.0.0.0/8] }'), []],
  'a rule that is nothing': [authorizing('{ action: DENY, rules: [null] }'), []],
  'whoever AUDITs keeps nobody out': [deny(FROM).replace('DENY', 'AUDIT'), []],
  'in a dry run': [deny(FROM).replace('name: policy', 'name: policy, annotations: { istio.io/dry-run: "true" }'), []],
  'where pods are STRICT': [`${STRICT}---${deny(FROM)}`, []],
  'where only their serving port is not': [
    `${policy('user1', '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT }, portLevelMtls: { 8012: { mode: PERMISSIVE } } }')}---${deny(FROM)}`,
    PLACE
  ],
  'where a pod has no sidecar': [`${STRICT}---${deny(FROM)}---${naked}`, PLACE],
  'where another policy asks who it is': [
    `${deny(FROM)}---${allow('{ namespaces: ["*"] }').replace('name: policy', 'name: other')}`,
    []
  ],
  'of other pods': [
    deny(FROM).replace('action: DENY', 'selector: { matchLabels: { app: httpbin } }, action: DENY'),
    []
  ],
  'in mode Standard': [
    `${deny(FROM).replace('action: DENY', 'selector: { matchLabels: { app: isvc.new-predictor } }, action: DENY')}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }')}`,
    PLACE
  ],
  'for the whole mesh': [deny(FROM, 'istio-system'), ['AuthorizationPolicy istio-system/policy spec.rules[0]']],
  'in a namespace without models': [deny(FROM, 'user2'), []]
})

t.test('what closes it', async t => {
  const fix = (yaml: string) => findingsOf(rule.id, yaml)[0]?.fix
  t.match(fix(deny(FROM)), { apply: [{ kind: 'PeerAuthentication', metadata: { namespace: 'user1' } }] })
  t.match(fix(`${STRICT}---${deny(FROM)}---${naked}`), { apply: [] })
  t.match(fix(deny(FROM, 'istio-system')), { apply: [] })
})
