import t from 'tap'
import type { AuthorizationPolicy } from '../../src/istio/authorization-policy.ts'
import type { RequestAuthentication } from '../../src/istio/request-authentication.ts'
import { issuerClasses } from '../../src/istio/token-classes.ts'
import { authorization } from '../support/objects.ts'
import { resourceOf } from '../support/snapshot.ts'

const trusting = (name: string, ...rules: readonly string[]) => trustingAt('{}', name, ...rules)
const trustingAt = (labels: string, name: string, ...rules: readonly string[]) =>
  resourceOf(`
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: user1, name: ${name} }
spec: { selector: { matchLabels: ${labels} }, jwtRules: [${rules.join()}] }
`) as RequestAuthentication
const policy = (...rules: readonly string[]) =>
  resourceOf(authorization('user1', `{ rules: [${rules.join()}] }`)) as AuthorizationPolicy
const from = (principals: string, more = '') => `{ from: [{ source: { requestPrincipals: [${principals}] } }] ${more} }`
const when = (key: string, values: string) => `{ when: [{ key: "${key}", values: [${values}] }] }`

t.test('issuer classes follow RequestAuthentications and policies', async t => {
  const both = [trusting('both', '{ issuer: a }', '{ issuer: b }')]
  const ONE_CLASS = ['a']
  const TWO_CLASSES = ['a', 'b']
  for (const [name, trusted, policies, expected] of [
    ['no AuthorizationPolicy', both, [], ONE_CLASS],
    [
      'one RequestAuthentication trusts both issuers, another only one',
      [...both, trusting('one', '{ issuer: b }')],
      [],
      TWO_CLASSES
    ],
    [
      'two RequestAuthentications of the same workloads',
      [trusting('one', '{ issuer: a }'), trusting('two', '{ issuer: b }')],
      [],
      ONE_CLASS
    ],
    [
      'RequestAuthentications of different workloads',
      [trusting('one', '{ issuer: a }'), trustingAt('{ app: x }', 'two', '{ issuer: b }')],
      [],
      TWO_CLASSES
    ],
    [
      'one JWT is forwarded',
      [trusting('both', '{ issuer: a }', '{ issuer: b, forwardOriginalToken: true }')],
      [],
      TWO_CLASSES
    ],
    ['rule for any JWT', both, [policy(from('"*"'))], ONE_CLASS],
    ['one rule for both issuers', both, [policy(from('a/*, b/*'))], ONE_CLASS],
    ['one rule for each issuer', both, [policy(from('a/*'), from('b/*'))], ONE_CLASS],
    ['one rule for one issuer', both, [policy(from('a/*'))], TWO_CLASSES],
    [
      'rule without the JWTs of one issuer',
      both,
      [policy('{ from: [{ source: { notRequestPrincipals: [a/*] } }] }')],
      TWO_CLASSES
    ],
    [
      'rule for one issuer that is a URL',
      [trusting('both', '{ issuer: "https://x/a" }', '{ issuer: "https://x/b" }')],
      [policy(from('"https://x/a/*"'))],
      ['https://x/a', 'https://x/b']
    ],
    ['rule for any subject and for one subject', both, [policy(from('a/*'), from('b/me'))], TWO_CLASSES],
    [
      'rules for different operations',
      both,
      [policy(from('a/*', ', to: [{ operation: { methods: [GET] } }]'), from('b/*'))],
      TWO_CLASSES
    ],
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
    ['condition on the issuer', both, [policy(when('request.auth.claims[iss]', 'a'))], TWO_CLASSES],
    ['condition on the request principal', both, [policy(when('request.auth.principal', 'a/me'))], TWO_CLASSES],
    ['condition on another claim', both, [policy(when('request.auth.claims[groups]', 'a'))], ONE_CLASS],
    [
      'condition on an address',
      both,
      [
        policy('{ from: [{ source: { requestPrincipals: [a/*] } }], when: [{ key: source.ip, values: ["10.0.0.1"] }] }')
      ],
      TWO_CLASSES
    ],
    ['source without fields', both, [policy('{ from: [{}, { source: { requestPrincipals: [a/*] } }] }')], TWO_CLASSES],
    ['rules without sources', both, [policy('null', '{}', '{ from: [{}] }')], ONE_CLASS]
  ] as const) {
    t.same(issuerClasses(trusted, policies), expected, name)
  }
})
