import t from 'tap'
import rule from '../../src/rules/jwt-never-accepted.ts'
import { authorizing, tokens } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const requiresJwt = (issuer = '*') =>
  authorizing(
    `{ rules: [{ from: [{ source: { requestPrincipals: ["${issuer}"] } }] }, { to: [{ operation: { paths: [/healthz, /metrics] } }] }] }`
  )
const PLACE = 'AuthorizationPolicy user1/policy spec.rules'
const otherPods = tokens('{ app: other }')
const otherIssuer = tokens('{ app: activator }', 'knative-serving', 'https://other.example.com')

testRule(t, rule, {
  'JWT of any issuer': [`${tokens()}---${requiresJwt()}`, []],
  'no RequestAuthentication': [requiresJwt(), [PLACE]],
  'RequestAuthentication for other pods': [`${otherPods}---${requiresJwt()}`, [PLACE]],
  'DENY rule for requests without a JWT': [
    authorizing('{ action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }] }'),
    ['AuthorizationPolicy user1/policy spec.rules[0]']
  ],
  'activator with another issuer': [
    `${tokens()}---${otherIssuer}---${requiresJwt()}`,
    ['RequestAuthentication knative-serving/tokens spec.jwtRules']
  ]
})

t.test('the fix makes a RequestAuthentication trust and forward the JWT', async t => {
  const [first] = findingsOf(rule.id, requiresJwt())
  t.match(first, {
    message: 'AuthorizationPolicy user1/policy requires a JWT at user1/sklearn-iris, where none is validated',
    fix: { text: 'First add a RequestAuthentication for these pods in user1, or forward the JWT to them' }
  })
  const [additional] = findingsOf(rule.id, `${otherPods}---${requiresJwt()}`)
  t.match(additional?.fix.apply, [
    { metadata: { name: 'tokens-policy' }, spec: { jwtRules: [{ forwardOriginalToken: true }] } }
  ])
  const [rejected] = findingsOf(rule.id, `${tokens()}---${otherIssuer}---${requiresJwt()}`)
  t.match(rejected, {
    message:
      'RequestAuthentication knative-serving/tokens rejects JWTs issued by https://issuer.example.com at knative-serving/activator-7f77bdbcdb-xh79h',
    fix: {
      text: 'Add issuer https://issuer.example.com to RequestAuthentication knative-serving/tokens, and forward its JWTs'
    }
  })
})

t.test('a rejected JWT is the cause, also of callers without an identity', async t => {
  const atGateway = '{ istio: ingressgateway }'
  const required = authorizing(
    `{ selector: { matchLabels: ${atGateway} }, rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }] }`,
    'istio-system'
  )
  const others = tokens('{ component: predictor }', 'user1', 'https://other.example.com')
  const state = `${tokens(atGateway, 'istio-system')}---${required}---${others}`
  const [found] = findingsOf(rule.id, state)
  t.match(found?.message, 'RequestAuthentication user1/tokens rejects JWTs issued by https://issuer.example.com')
  t.ok(found?.blocked.some(({ hop }) => hop === 'activator->pod'))
  t.same(findingsOf('policy-requires-peer-identity', state), [])
})
