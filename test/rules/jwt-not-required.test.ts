import t from 'tap'
import rule from '../../src/rules/jwt-not-required.ts'
import { allow, model, tokens } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const PLACE = ['RequestAuthentication user1/tokens spec.jwtRules']
const predictor = '{ component: predictor }'

testRule(t, rule, {
  'no policy requires a JWT': [tokens(), PLACE],
  'selector for model pods': [tokens(predictor), PLACE],
  'selector for other pods': [tokens('{ app: httpbin }'), []],
  'policy that requires a JWT': [`${tokens()}---${allow('{ requestPrincipals: ["*"] }')}`, []],
  'policy that requires a JWT of other pods': [
    `${tokens()}---${allow('{ requestPrincipals: ["*"] }').replace('action:', 'selector: { matchLabels: { app: httpbin } }, action:')}`,
    PLACE
  ],
  'no jwtRules': [tokens().replace(/jwtRules: .*/, 'jwtRules: [] }'), []],
  'mesh-wide': [tokens('{}', 'istio-system'), ['RequestAuthentication istio-system/tokens spec.jwtRules']],
  'mesh-wide without a selector': [
    tokens('{}', 'istio-system').replace('selector: { matchLabels: {} },', ''),
    ['RequestAuthentication istio-system/tokens spec.jwtRules']
  ],
  'for gateways': [tokens('{ istio: ingressgateway }', 'istio-system'), []],
  'ModelMesh without pods': [
    `${tokens('{ serving.kserve.io/inferenceservice: new }')}---${model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }')}`,
    []
  ]
})

t.test('the fix requires a JWT', async t => {
  t.match(findingsOf(rule.id, tokens(predictor)), [
    {
      exposes: [
        { inferenceService: 'user1/sklearn-iris', what: 'jwt-not-enforced' },
        { inferenceService: 'user1/sklearn-iris-burst', what: 'jwt-not-enforced' }
      ],
      fix: {
        apply: [
          { kind: 'RequestAuthentication', spec: { jwtRules: [{ forwardOriginalToken: true }] } },
          { metadata: { name: 'tokens-required', namespace: 'user1' }, spec: { selector: {} } }
        ]
      }
    }
  ])
  t.match(findingsOf(rule.id, tokens('{}', 'istio-system')), [
    {
      fix: { apply: [{ metadata: { name: 'tokens' } }, { metadata: { name: 'tokens-required', namespace: 'user1' } }] }
    }
  ])
})
