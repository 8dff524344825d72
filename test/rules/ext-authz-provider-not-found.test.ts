import t from 'tap'
import rule from '../../src/rules/ext-authz-provider-not-found.ts'
import { authorizing, configMap } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const custom = (provider: string) => authorizing(`{ action: CUSTOM, ${provider} rules: [{}] }`)
const mesh = (providers: string) => configMap('istio-system', 'istio', { mesh: `extensionProviders: ${providers}` })
const SIGN_IN = '[{ name: sign-in, envoyExtAuthzHttp: {} }, { name: access-log, envoyOtelAls: {} }]'
const PLACE = 'AuthorizationPolicy user1/policy spec.provider.name'

testRule(t, rule, {
  'unknown provider': [custom('provider: { name: sign-in },'), [PLACE]],
  'known provider': [`${mesh(SIGN_IN)}---${custom('provider: { name: sign-in },')}`, []],
  'provider that is no authorizer': [`${mesh(SIGN_IN)}---${custom('provider: { name: access-log },')}`, [PLACE]],
  'provider without a name': [custom(''), [PLACE]],
  'policy without rules': [authorizing('{ action: CUSTOM, provider: { name: sign-in } }'), []]
})

t.test('the fix names the configured providers', async t => {
  const [finding] = findingsOf(rule.id, `${mesh(SIGN_IN)}---${custom('provider: { name: sign-on },')}`)
  t.match(finding, {
    message: 'AuthorizationPolicy user1/policy names unknown provider "sign-on": it denies all at user1/sklearn-iris',
    fix: { text: /, or use a configured one: sign-in$/, apply: [{ spec: { provider: { name: 'sign-in' } } }] }
  })
  const two = '[{ name: one, envoyExtAuthzHttp: {} }, { name: other, envoyExtAuthzGrpc: {} }]'
  const [ambiguous] = findingsOf(rule.id, `${mesh(two)}---${custom('provider: { name: sign-on },')}`)
  t.match(ambiguous, { fix: { text: /, or use a configured one: one, other$/ } })
  t.same(ambiguous?.fix.apply, [], 'the author has to choose')
})
