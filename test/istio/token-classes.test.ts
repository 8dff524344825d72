import t from 'tap'
import type { AuthorizationPolicy } from '../../src/istio/authorization-policy.ts'
import type { RequestAuthentication } from '../../src/istio/request-authentication.ts'
import { issuerClasses } from '../../src/istio/token-classes.ts'
import { authorization } from '../support/objects.ts'
import { resourceOf } from '../support/snapshot.ts'

const trusting = (name: string, ...rules: readonly string[]) =>
  resourceOf(`
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: user1, name: ${name} }
spec: { jwtRules: [${rules.join()}] }
`) as RequestAuthentication
const policy = (...rules: readonly string[]) =>
  resourceOf(authorization('user1', `{ rules: [${rules.join()}] }`)) as AuthorizationPolicy
const from = (principals: string, more = '') => `{ from: [{ source: { requestPrincipals: [${principals}] } }] ${more} }`
const when = (key: string, values: string) => `{ when: [{ key: "${key}", values: [${values}] }] }`

t.test('issuer classes follow RequestAuthentications and policies', async t => {
  const both = [trusting('both', '{ issuer: a }', '{ issuer: b }')]
  const ALIKE = ['a']
  const APART = ['a', 'b']
  for (const [name, trusted, policies, expected] of [
    ['no policy', both, [], ALIKE],
    ['one trusts both issuers, another one of them', [...both, trusting('one', '{ issuer: b }')], [], APART],
    [
      'one JWT is forwarded',
      [trusting('both', '{ issuer: a }', '{ issuer: b, forwardOriginalToken: true }')],
      [],
      APART
    ],
    ['a rule for any token', both, [policy(from('"*"'))], ALIKE],
    ['one rule for both issuers', both, [policy(from('a/*, b/*'))], ALIKE],
    ['one rule for each issuer', both, [policy(from('a/*'), from('b/*'))], ALIKE],
    ['one rule for one issuer', both, [policy(from('a/*'))], APART],
    ['any subject and one subject', both, [policy(from('a/*'), from('b/me'))], APART],
    ['other operations', both, [policy(from('a/*', ', to: [{ operation: { methods: [GET] } }]'), from('b/*'))], APART],
    [
      'pattern for both issuers',
      [trusting('both', '{ issuer: xa }', '{ issuer: xb }')],
      [policy(from('"x*/*"'))],
      ['xa']
    ],
    [
      'pattern for one issuer',
      [trusting('both', '{ issuer: xa }', '{ issuer: b }')],
      [policy(from('"x*/*"'))],
      ['xa', 'b']
    ],
    ['a condition', both, [policy(when('request.auth.claims[iss]', 'a'))], APART],
    ['a condition on principals', both, [policy(when('request.auth.principal', 'a/me'))], APART],
    ['a condition on other claims', both, [policy(when('request.auth.claims[groups]', 'a'))], ALIKE],
    [
      'condition on an address',
      both,
      [
        policy('{ from: [{ source: { requestPrincipals: [a/*] } }], when: [{ key: source.ip, values: ["10.0.0.1"] }] }')
      ],
      APART
    ],
    ['a source without fields', both, [policy('{ from: [{}, { source: { requestPrincipals: [a/*] } }] }')], APART],
    ['rules without sources', both, [policy('null', '{}', '{ from: [{}] }')], ALIKE]
  ] as const) {
    t.same(issuerClasses(trusted, policies), expected, name)
  }
})
