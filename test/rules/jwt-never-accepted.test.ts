import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/jwt-never-accepted.ts'
import { allow, authorizing, tokens } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { findingsOf, locationsOf, testRule } from '../support/table-test.ts'

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
      'RequestAuthentication knative-serving/tokens rejects JWTs issued by https://issuer.example.com at knative-serving/activator-7f77bdbcdb-xh79h (401)',
    fix: {
      text: 'Add issuer https://issuer.example.com to RequestAuthentication knative-serving/tokens, and forward its JWTs',
      apply: [
        {
          metadata: { name: 'tokens', namespace: 'knative-serving' },
          spec: { jwtRules: [{ issuer: 'https://other.example.com' }, { issuer: 'https://issuer.example.com' }] }
        }
      ]
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

t.test('the policy that requires the JWT is reported, not a newer one', async t => {
  const newer = allow('{ namespaces: [absent] }').replace('name: policy', 'name: zz')
  t.same(locationsOf(rule.id, `${requiresJwt()}---${newer}`), [PLACE])
})

t.test('of several RequestAuthentications the changed one is reported', async t => {
  const own = (issuer: string) =>
    tokens('{ app: activator }', 'knative-serving', issuer).replace('name: tokens', 'name: zz')
  const state = stockWith([tokens(), otherIssuer, own('https://issuer.example.com'), requiresJwt()].join('---'))
  const before = state.get('RequestAuthentication', 'knative-serving', 'zz')
  if (before === undefined) throw new Error('no policy')
  const after = resourceOf(own('https://third.example.com'))
  const { findings } = decide(state, { operation: 'UPDATE', before, after }, RULES, DEFAULT_POLICY)
  t.same([...new Set(findings.map(({ rule: id, object: { name } }) => `${id} ${name}`))], [`${rule.id} zz`])
})
