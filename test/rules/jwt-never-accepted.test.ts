import t from 'tap'
import rule from '../../src/rules/jwt-never-accepted.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { authorizing, tokens } from '../support/objects.ts'

const asks = (issuer = '*') =>
  authorizing(
    `{ rules: [{ from: [{ source: { requestPrincipals: ["${issuer}"] } }] }, { to: [{ operation: { paths: [/healthz, /metrics] } }] }] }`
  )
const PLACE = 'AuthorizationPolicy user1/policy spec.rules'
const elsewhere = tokens('{ app: other }')
const stranger = tokens('{ app: activator }', 'knative-serving', 'https://other.example.com')

cases(t, rule, {
  'a token of any issuer': [`${tokens()}---${asks()}`, []],
  'nobody reads tokens': [asks(), [PLACE]],
  'elsewhere somebody does': [`${elsewhere}---${asks()}`, [PLACE]],
  'whoever has none is denied': [
    authorizing('{ action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }] }'),
    ['AuthorizationPolicy user1/policy spec.rules[0]']
  ],
  'the activator knows other issuers': [
    `${tokens()}---${stranger}---${asks()}`,
    ['RequestAuthentication knative-serving/tokens spec.jwtRules']
  ]
})

t.test('what makes it valid', async t => {
  const [first] = findingsOf(rule.id, asks())
  t.match(first, {
    message: 'AuthorizationPolicy user1/policy asks for a token at user1/sklearn-iris, where none is ever valid',
    fix: { text: 'Add a RequestAuthentication for these pods in user1 first, or forward the token to them' }
  })
  const [beside] = findingsOf(rule.id, `${elsewhere}---${asks()}`)
  t.match(beside?.fix.apply, [
    { metadata: { name: 'tokens-policy' }, spec: { jwtRules: [{ forwardOriginalToken: true }] } }
  ])
  const [refused] = findingsOf(rule.id, `${tokens()}---${stranger}---${asks()}`)
  t.match(refused, {
    message:
      'RequestAuthentication knative-serving/tokens refuses tokens of https://issuer.example.com at knative-serving/activator-7f77bdbcdb-xh79h',
    fix: {
      text: 'Let RequestAuthentication knative-serving/tokens know issuer https://issuer.example.com too, and forward its tokens'
    }
  })
})
