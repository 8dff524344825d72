import t from 'tap'
import { answersOf, undecidedBy } from '../../src/request/caveats.ts'
import { authorizing, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { request, workload } from '../support/workload.ts'

t.test('answers of providers are listed for policies that can ask about the request', async t => {
  const reasons = (spec: string) =>
    answersOf(stateOf(authorizing(spec)), workload(), request()).map(({ reason }) => reason)
  const conditional = '[{ when: [{ key: "request.headers[x]", values: [a] }] }]'
  t.same(reasons(`{ action: CUSTOM, provider: { name: oauth2 }, rules: ${conditional} }`), [
    'answer of CUSTOM provider oauth2 is not modeled'
  ])
  t.same(reasons(`{ action: CUSTOM, rules: ${conditional} }`), ['answer of CUSTOM provider  is not modeled'])
  t.same(
    reasons('{ action: CUSTOM, provider: { name: oauth2 }, rules: [{ to: [{ operation: { methods: [GET] } }] }] }'),
    []
  )
  t.same(reasons(`{ action: DENY, rules: ${conditional} }`), [])
})

t.test('policies are listed that decide by what is not modeled', async t => {
  const reasons = (...specs: readonly string[]) => {
    const policies = specs.map((spec, i) => authorizing(spec).replace('name: policy', `name: policy${i}`))
    return undecidedBy(stateOf(together(...policies)), workload({ namespace: 'user1' }), request()).map(
      ({ reason }) => reason
    )
  }
  const byAddress = '[{ from: [{ source: { remoteIpBlocks: [10.0.0.0/8] } }] }]'
  const byNoAddress = '[{ from: [{ source: { notRemoteIpBlocks: [10.0.0.0/8] } }] }]'
  const byKey = (key: string, more = '') => `[{ ${more} when: [{ key: "${key}", values: [a] }] }]`
  const filter = 'experimental.envoy.filters.network.mysql_proxy[db.table]'
  const remote = 'AuthorizationPolicy user1/policy0 matches on remote.ip, which is not modeled'
  const rows: readonly (readonly [name: string, specs: readonly string[], expected: readonly string[]])[] = [
    ['ALLOW', [`{ action: ALLOW, rules: ${byAddress} }`], [remote]],
    ['DENY', [`{ action: DENY, rules: ${byNoAddress} }`], [remote]],
    ['condition', [`{ action: DENY, rules: ${byKey('remote.ip')} }`], [remote]],
    [
      'metadata of a filter',
      [`{ action: DENY, rules: ${byKey(filter)} }`],
      [remote.replace('remote.ip', 'experimental.envoy.filters.*')]
    ],
    ['another rule of the policy allows', [`{ rules: [{}, ${byAddress.slice(1)} }`], []],
    ['another policy allows', [`{ rules: ${byAddress} }`, '{ rules: [{}] }'], []],
    ['DENY beside a policy that allows', [`{ action: DENY, rules: ${byAddress} }`, '{ rules: [{}] }'], [remote]],
    [
      'rule for other requests',
      [`{ action: DENY, rules: ${byKey('remote.ip', 'to: [{ operation: { methods: [PATCH] } }],')} }`],
      []
    ],
    ['AUDIT', [`{ action: AUDIT, rules: ${byAddress} }`], []],
    [
      'other conditions',
      [`{ action: DENY, rules: [null, { when: [{ key: "request.headers[x]", values: [a] }] }] }`],
      []
    ]
  ]
  for (const [name, specs, expected] of rows) t.same(reasons(...specs), expected, name)
})
