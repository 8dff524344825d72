import t from 'tap'
import rule from '../../src/rules/ext-authz-provider-not-found.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { authorizing, configMap } from '../support/objects.ts'

const custom = (provider: string) => authorizing(`{ action: CUSTOM, ${provider} rules: [{}] }`)
const mesh = (providers: string) => configMap('istio-system', 'istio', { mesh: `extensionProviders: ${providers}` })
const SIGN_IN = '[{ name: sign-in, envoyExtAuthzHttp: {} }, { name: access-log, envoyOtelAls: {} }]'
const PLACE = 'AuthorizationPolicy user1/policy spec.provider.name'

cases(t, rule, {
  'there is none': [custom('provider: { name: sign-in },'), [PLACE]],
  'it is there': [`${mesh(SIGN_IN)}---${custom('provider: { name: sign-in },')}`, []],
  'it does not authorize': [`${mesh(SIGN_IN)}---${custom('provider: { name: access-log },')}`, [PLACE]],
  'it has no name': [custom(''), [PLACE]],
  'it is asked about nothing': [authorizing('{ action: CUSTOM, provider: { name: sign-in } }'), []]
})

t.test('those that are there are named', async t => {
  const [finding] = findingsOf(rule.id, `${mesh(SIGN_IN)}---${custom('provider: { name: sign-on },')}`)
  t.match(finding, {
    message:
      'AuthorizationPolicy user1/policy asks "sign-on", which the mesh lacks: it denies all at user1/sklearn-iris',
    fix: { text: /, or name one that is there: sign-in$/ }
  })
})
