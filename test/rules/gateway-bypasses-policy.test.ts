import t from 'tap'
import rule from '../../src/rules/gateway-bypasses-policy.ts'
import { authorizing, kserveConfig, model, together, tokens } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const PLACE = ['InferenceService user1/sklearn-iris spec.predictor']
const PROBES = '{ to: [{ operation: { paths: [/healthz, /metrics] } }] }'
const SELECTOR = 'selector: { matchLabels: { serving.kserve.io/inferenceservice: sklearn-iris } }'
const policy = (...sources: readonly string[]) => {
  const rules = [...sources.map(one => `{ from: [{ source: ${one} }] }`), PROBES]
  return authorizing(`{ ${SELECTOR}, rules: [${rules.join()}] }`)
}
const OWN = '{ namespaces: [user1] }'
const GATEWAYS = '{ namespaces: [istio-system] }'
const ACTIVATOR = '{ namespaces: [knative-serving] }'

testRule(t, rule, {
  'the gateway is allowed, its callers are not': [policy(OWN, GATEWAYS), PLACE],
  'the gateway is allowed with a JWT': [
    together(tokens(), policy(OWN, '{ namespaces: [istio-system], requestPrincipals: ["*"] }')),
    []
  ],
  'the gateway is denied': [policy(OWN, ACTIVATOR), []],
  'only the gateway is allowed': [policy(GATEWAYS, ACTIVATOR), []],
  'any mesh caller is allowed': [policy('{ principals: ["*"] }'), []],
  'no source': [authorizing('{ rules: [{ to: [{ operation: { methods: [POST] } }] }] }'), []],
  'no policy': [model(''), []],
  'policy of the gateway denies in-cluster requests': [
    together(
      policy(OWN, GATEWAYS),
      authorizing('{ action: DENY, rules: [{ to: [{ operation: { ports: ["8081"] } }] }] }', 'istio-system')
    ),
    []
  ],
  'without the top-level VirtualService': [
    together(kserveConfig({ disableIstioVirtualHost: true }), policy(OWN, GATEWAYS)),
    []
  ],
  'model in Standard mode': [
    together(
      model(', annotations: { serving.kserve.io/deploymentMode: Standard }').replace('name: new', 'name: sklearn-iris'),
      policy(OWN, GATEWAYS)
    ),
    []
  ]
})

t.test('the finding names the exposure', async t => {
  const [finding] = findingsOf(rule.id, policy(OWN, GATEWAYS))
  t.match(finding, { exposes: [{ inferenceService: 'user1/sklearn-iris', what: 'cross-namespace-via-gateway' }] })
})
