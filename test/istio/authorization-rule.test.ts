import t from 'tap'
import type { AuthorizationPolicy } from '../../src/istio/authorization-policy.ts'
import { matchesRule } from '../../src/istio/authorization-rule.ts'
import type { Request } from '../../src/istio/request.ts'
import type { Tristate } from '../../src/text/tristate.ts'
import { stateOf } from '../support/snapshot.ts'
import { request } from '../support/workload.ts'

function policyOf(rule: string): AuthorizationPolicy {
  const [policy] = stateOf(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: p }
spec: { rules: [${rule}] }
`).list('AuthorizationPolicy')
  if (policy === undefined) throw new Error('no policy')
  return policy
}

function matching(rule: string, more: Partial<Request> = {}, allows = true): Tristate {
  const [first] = policyOf(rule).spec.rules
  if (!first) throw new Error('no rule')
  return matchesRule(first, request(more), { namespace: 'user1', trustDomains: ['td', 'old'] }, allows)
}

const source = (fields: string) => `{ from: [{ source: { ${fields} } }] }`
const operation = (fields: string) => `{ to: [{ operation: { ${fields} } }] }`
const when = (key: string, values: string) => `{ when: [{ key: "${key}", values: ["${values}"] }] }`
const PLAINTEXT = { identity: undefined }
const of = (identity: string) => ({ identity: `spiffe://${identity}` })
const SELF = of('td/ns/user1/sa/caller')

type Table = readonly (readonly [rule: string, request: Partial<Request>, expected: Tristate])[]
const check = (name: string, table: Table, allows = true) =>
  t.test(name, async t => {
    for (const [rule, more, expected] of table) {
      t.equal(matching(rule, more, allows), expected, `${rule} ${JSON.stringify(more)}`)
    }
  })

check('a rule matches one of from, one of to, and all of when', [
  ['{}', {}, true],
  ['{ from: [{}], to: [{}] }', {}, true],
  ['{ from: [{ source: { namespaces: [a] } }, { source: { namespaces: [user1] } }] }', SELF, true],
  ['{ from: [{ source: { namespaces: [a] } }], to: [{ operation: { methods: [POST] } }] }', SELF, false],
  ['{ to: [{ operation: { methods: [GET] } }, { operation: { methods: [POST] } }] }', {}, true],
  ['{ to: [{ operation: { methods: [POST], paths: [/x] } }] }', {}, false],
  ['{ when: [{ key: destination.port, values: ["8012"] }, { key: source.namespace, values: [user1] }] }', SELF, true],
  ['{ when: [{ key: destination.port, values: ["8012"] }, { key: source.namespace, values: [a] }] }', SELF, false]
])

check('source fields match the peer identity', [
  [source('principals: ["*"]'), SELF, true],
  [source('principals: ["*"]'), PLAINTEXT, false],
  [source('principals: [td/ns/user1/sa/caller]'), SELF, true],
  [source('principals: [cluster.local/ns/user1/sa/caller]'), SELF, true],
  [source('principals: [old/ns/user1/sa/caller]'), SELF, true],
  [source('principals: [other/ns/user1/sa/caller]'), SELF, false],
  [source('principals: ["*/ns/user1/sa/caller"]'), of('any/ns/user1/sa/caller'), true],
  [source('principals: ["td/ns/user1/*"]'), SELF, true],
  [source('notPrincipals: [td/ns/user1/sa/caller]'), SELF, false],
  [source('notPrincipals: [td/ns/user1/sa/caller]'), PLAINTEXT, true],
  [source('namespaces: ["user*"]'), SELF, true],
  [source('namespaces: [user]'), SELF, false],
  [source('namespaces: [user1]'), PLAINTEXT, false],
  [source('notNamespaces: [user1]'), SELF, false],
  [source('serviceAccounts: [caller]'), SELF, true],
  [source('serviceAccounts: [user1/caller]'), SELF, true],
  [source('serviceAccounts: [user2/caller]'), SELF, false],
  [source('serviceAccounts: ["*"]'), SELF, false],
  [source('notServiceAccounts: [caller]'), SELF, false],
  [source('principals: ["*ld/ns/user1/sa/caller"]'), of('old/ns/user1/sa/caller'), true],
  [source('principals: ["*ld/ns/user1/sa/caller"]'), of('td/ns/user1/sa/caller'), true],
  [source('principals: ["o*/ns/user1/sa/caller"]'), of('old/ns/user1/sa/caller'), true],
  [source('principals: ["o*/ns/user1/sa/caller"]'), of('td/ns/user1/sa/caller'), true],
  [source('trustDomains: [td]'), SELF, true],
  [source('trustDomains: [td]'), of('old/ns/user1/sa/caller'), true],
  [source('trustDomains: ["o*"]'), of('old/ns/user1/sa/caller'), true],
  [source('trustDomains: [other]'), SELF, false],
  [source('trustDomains: [td]'), PLAINTEXT, false],
  [source('notTrustDomains: [td]'), SELF, false]
])

check('ipBlocks and address conditions match known addresses', [
  [source('ipBlocks: [10.0.2.0/24]'), {}, true],
  [source('ipBlocks: [10.0.2.2]'), {}, true],
  [source('ipBlocks: [10.0.3.0/24]'), {}, false],
  [source('ipBlocks: [10.0.2.0/24]'), { from: undefined }, undefined],
  [source('ipBlocks: ["fd00::/8"]'), { from: 'fd00::1' }, true],
  [source('ipBlocks: ["fd00::1"]'), { from: 'fd00::1' }, true],
  [source('ipBlocks: [nowhere]'), {}, false],
  [source('notIpBlocks: [10.0.2.0/24]'), {}, false],
  [source('notIpBlocks: [10.0.2.0/24]'), { from: undefined }, undefined],
  [source('remoteIpBlocks: [10.0.2.0/24]'), {}, undefined],
  [when('source.ip', '10.0.2.2'), {}, true],
  [when('remote.ip', '10.0.2.2'), {}, undefined],
  [when('destination.ip', '10.0.1.1'), {}, true],
  [when('destination.port', '8013'), {}, false]
])

check('operation fields match the request', [
  [operation('hosts: ["*.USER1.svc.cluster.local"]'), {}, true],
  [operation('hosts: [model]'), {}, false],
  [operation('notHosts: [model]'), {}, true],
  [operation('methods: [GET]'), {}, false],
  [operation('notMethods: [GET]'), {}, true],
  [operation('paths: ["/v1/*"]'), {}, true],
  [operation('notPaths: ["/v1/*"]'), {}, false],
  [operation('paths: ["/v1/*"]'), { path: undefined }, undefined],
  [operation('paths: [/metrics, /healthz]'), { path: undefined }, false],
  [operation('ports: ["8012"]'), {}, true],
  [operation('notPorts: ["8012"]'), {}, false],
  [when('connection.sni', 'outbound_*'), {}, true],
  [when('connection.sni', 'outbound_*'), { sni: undefined }, false],
  [when('experimental.envoy.filters.http.x[y]', 'z'), {}, undefined]
])

check('JWT and header fields match known values', [
  [source('requestPrincipals: ["*"]'), {}, false],
  [source('requestPrincipals: ["*"]'), { token: { issuer: 'iss' } }, true],
  [source('requestPrincipals: ["iss/*"]'), { token: { issuer: 'iss' } }, true],
  [source('requestPrincipals: ["other/*"]'), { token: { issuer: 'iss' } }, false],
  [source('requestPrincipals: ["iss/sub"]'), { token: { issuer: 'iss' } }, undefined],
  [source('requestPrincipals: ["iss*"]'), { token: { issuer: 'issuer' } }, true],
  [source('requestPrincipals: ["*sub"]'), { token: { issuer: 'iss' } }, undefined],
  [source('requestPrincipals: ["iss/*"]'), { token: { issuer: undefined } }, undefined],
  [source('notRequestPrincipals: ["*"]'), {}, true],
  [when('request.auth.claims[iss]', 'iss'), { token: { issuer: 'iss' } }, true],
  [when('request.auth.claims[iss]', 'iss'), {}, false],
  [when('request.auth.claims[group]', 'a'), { token: { issuer: 'iss' } }, undefined],
  [when('request.auth.claims[group]', 'a'), {}, false],
  [when('request.auth.claims[group][id]', 'a'), { token: { issuer: 'iss' } }, undefined],
  [when('request.auth.audiences', 'a'), { token: { issuer: 'iss' } }, undefined],
  [when('request.auth.audiences', 'a'), {}, false],
  [when('request.auth.presenter', 'a'), { token: { issuer: 'iss' } }, undefined],
  [when('request.auth.presenter', 'a'), {}, false],
  [when('request.auth.issuer', 'a'), { token: { issuer: 'iss' } }, false],
  [when('request.headers[X-Team]', 'blue'), { headers: { 'x-team': 'blue' } }, true],
  [when('request.headers[X-Team]', 'red'), { headers: { 'x-team': 'blue' } }, false],
  [when('request.headers[X-Team]', 'blue'), {}, undefined],
  [when('request.headers[X-Team]', 'blue'), { headersComplete: true }, false],
  [when('request.headers[constructor]', 'x*'), {}, undefined],
  [when('request.headers[__proto__]', 'x*'), { headersComplete: true }, false]
])

const TCP_REQUEST = { ...SELF, http: false }
check('an ALLOW rule with HTTP fields never matches on a TCP port', [
  [operation('paths: ["*"]'), TCP_REQUEST, false],
  [source('requestPrincipals: ["*"]'), TCP_REQUEST, false],
  [when('request.headers[x]', '*'), TCP_REQUEST, false],
  [source('namespaces: [user1]'), TCP_REQUEST, true]
])
check(
  'a DENY rule ignores its HTTP fields on a TCP port',
  [
    [operation('paths: ["/x"], ports: ["8012"]'), TCP_REQUEST, true],
    [operation('paths: ["/x"], ports: ["1"]'), TCP_REQUEST, false],
    [source('namespaces: [user1]'), TCP_REQUEST, true]
  ],
  false
)
check('a rule with an unknown condition key never matches', [[when('source.planet', 'earth'), {}, false]])
