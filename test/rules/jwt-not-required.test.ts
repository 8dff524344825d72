import t from 'tap'
import rule from '../../src/rules/jwt-not-required.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { allow, model, tokens } from '../support/objects.ts'

const PLACE = ['RequestAuthentication user1/tokens spec.jwtRules']
const predictor = '{ component: predictor }'

cases(t, rule, {
  'nobody asks': [tokens(), PLACE],
  'of pods with these labels': [tokens(predictor), PLACE],
  'of pods that are no model': [tokens('{ app: httpbin }'), []],
  'a policy asks': [`${tokens()}---${allow('{ requestPrincipals: ["*"] }')}`, []],
  'a policy asks elsewhere': [
    `${tokens()}---${allow('{ requestPrincipals: ["*"] }').replace('action:', 'selector: { matchLabels: { app: httpbin } }, action:')}`,
    PLACE
  ],
  'no rules': [tokens().replace(/jwtRules: .*/, 'jwtRules: [] }'), []],
  'for the whole mesh': [tokens('{}', 'istio-system'), ['RequestAuthentication istio-system/tokens spec.jwtRules']],
  'for the whole mesh, without a selector': [
    tokens('{}', 'istio-system').replace('selector: { matchLabels: {} },', ''),
    ['RequestAuthentication istio-system/tokens spec.jwtRules']
  ],
  'for gateways': [tokens('{ istio: ingressgateway }', 'istio-system'), []],
  'ModelMesh has no pods of its own': [
    `${tokens('{ serving.kserve.io/inferenceservice: new }')}---${model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }')}`,
    []
  ]
})

t.test('what asks', async t => {
  t.match(findingsOf(rule.id, tokens(predictor)), [
    {
      opens: [
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
