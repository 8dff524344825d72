import t from 'tap'
import { authorize, needsIdentity, requiresToken } from '../../src/istio/authorization.ts'
import type { Request } from '../../src/istio/request.ts'
import { stateOf } from '../support/snapshot.ts'
import { request, workload } from '../support/workload.ts'

const policy = (name: string, spec: string, namespace = 'user1', more = '') => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: ${namespace}, name: ${name} ${more} }
spec: ${spec}
`
const provider = `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: istio }
data: { mesh: "extensionProviders: [{ name: known, envoyExtAuthzHttp: {} }]" }
`
const from = (namespace: string) => `{ from: [{ source: { namespaces: [${namespace}] } }] }`

function outcome(policies: readonly string[], more: Partial<Request> = {}): string {
  const found = authorize(stateOf([provider, ...policies].join('---')), workload(), request(more))
  if (found.is === 'allowed' || found.is === 'not-allowed')
    return [found.is, ...found.by.map(({ name }) => name)].join(' ')
  if (found.is === 'denied') return `denied ${found.by.name} ${found.rule}`
  return found.is === 'provider-unknown' ? `${found.is} ${found.provider}` : found.is
}

t.test('CUSTOM, DENY and ALLOW policies are combined', async t => {
  const custom = (name: string, rules = '[{}]') =>
    policy('custom', `{ action: CUSTOM, provider: { name: ${name} }, rules: ${rules} }`)
  const allow = policy('allow', `{ rules: [${from('user2')}] }`)
  const other = policy('other', `{ action: ALLOW, rules: [${from('user3')}] }`)
  const deny = policy('deny', `{ action: DENY, rules: [${from('user3')}, ${from('user2')}] }`)
  for (const [name, policies, more, expected] of [
    ['no policy', [], {}, 'allowed'],
    ['ALLOW policy matches', [allow], {}, 'allowed allow'],
    ['one of two ALLOW policies matches', [allow, other], {}, 'allowed allow'],
    ['no ALLOW policy matches', [other], {}, 'not-allowed other'],
    ['DENY takes precedence', [allow, deny], {}, 'denied deny 1'],
    ['DENY of other callers', [deny], { identity: undefined }, 'allowed'],
    ['ALLOW without rules', [policy('nothing', '{}')], {}, 'not-allowed nothing'],
    ['policy without spec', [policy('nothing', '')], {}, 'not-allowed nothing'],
    ['null rule', [policy('blank', '{ rules: [null] }')], {}, 'not-allowed blank'],
    ['empty rule', [policy('all', '{ rules: [{}] }')], {}, 'allowed all'],
    [
      'undefined provider of a CUSTOM policy that only possibly matches',
      [custom('unknown', '[{ when: [{ key: "request.headers[x]", values: [a] }] }]')],
      {},
      'allowed'
    ],
    ['AUDIT is ignored', [policy('audit', '{ action: AUDIT, rules: [{}] }')], {}, 'allowed'],
    [
      'dry-run is ignored',
      [policy('dry', '{}', 'user1', ', annotations: { istio.io/dry-run: "true" }')],
      {},
      'allowed'
    ],
    [
      'dry-run disabled',
      [policy('wet', '{}', 'user1', ', annotations: { istio.io/dry-run: "no" }')],
      {},
      'not-allowed wet'
    ],
    ['policy of the root namespace', [policy('root', '{}', 'istio-system')], {}, 'not-allowed root'],
    ['policy of another namespace', [policy('far', '{}', 'user2')], {}, 'allowed'],
    ['CUSTOM with a provider', [custom('known')], {}, 'allowed'],
    ['CUSTOM with an undefined provider', [custom('gone')], {}, 'provider-unknown gone'],
    ['CUSTOM without a provider', [policy('custom', '{ action: CUSTOM, rules: [{}] }')], {}, 'provider-unknown '],
    ['CUSTOM with an undefined provider for other callers', [custom('gone', `[${from('user3')}]`)], {}, 'allowed'],
    ['CUSTOM with an undefined provider on a TCP port', [custom('gone')], { http: false }, 'allowed'],
    [
      'unknown values are assumed to match',
      [policy('claim', '{ action: DENY, rules: [{ when: [{ key: "request.headers[x]", values: [a] }] }] }')],
      {},
      'allowed'
    ],
    [
      'unknown values are assumed not to match in DENY',
      [policy('claim', '{ rules: [{ when: [{ key: "request.headers[x]", values: [a] }] }] }')],
      {},
      'allowed claim'
    ]
  ] as const) {
    t.equal(outcome(policies, more), expected, name)
  }
})

t.test('ALLOW rules can require a peer identity or a JWT', async t => {
  for (const [rule, identity, token] of [
    ['{}', false, false],
    ['null', false, false],
    ['{ from: [{}] }', false, false],
    ['{ from: [{ source: { ipBlocks: [10.0.0.0/8] } }] }', false, false],
    ['{ from: [{ source: { principals: [a] } }] }', true, false],
    ['{ from: [{ source: { namespaces: [a] } }] }', true, false],
    ['{ from: [{ source: { serviceAccounts: [a] } }] }', true, false],
    ['{ from: [{ source: { trustDomains: [a] } }] }', true, false],
    ['{ from: [{ source: { requestPrincipals: [a] } }] }', false, true],
    ['{ from: [{ source: { notRequestPrincipals: [a] } }] }', false, true],
    ['{ when: [{ key: source.ip, values: [10.0.0.0/8] }] }', false, false],
    ['{ when: [{ key: source.namespace, values: [a] }] }', true, false],
    ['{ when: [{ key: "request.auth.claims[a]", values: [a] }] }', false, true]
  ] as const) {
    const of = (action: string) =>
      stateOf(policy('p', `{ action: ${action}, rules: [${rule}] }`)).list('AuthorizationPolicy')
    t.same(of('ALLOW').map(needsIdentity), [identity], `identity: ${rule}`)
    t.same(of('DENY').map(needsIdentity), [false], `DENY: ${rule}`)
    t.same(of('ALLOW').map(requiresToken), [token], `JWT: ${rule}`)
  }
})
