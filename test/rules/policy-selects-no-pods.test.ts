import t from 'tap'
import rule from '../../src/rules/policy-selects-no-pods.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { authorizing, model, policy, tokens } from '../support/objects.ts'

const KEY = 'serving.knative.dev/service'
const selecting = (label: string, more = '') => authorizing(`{ selector: { matchLabels: { ${label} } } ${more} }`)
const place = (kind: string, name: string, key = KEY) => `${kind} user1/${name} spec.selector.matchLabels[${key}]`

cases(t, rule, {
  'pods that run': [selecting(`${KEY}: sklearn-iris-predictor`), []],
  'a model without pods': [`${model('')}---${selecting(`${KEY}: new-predictor`)}`, []],
  'the name of old': [selecting(`${KEY}: sklearn-iris-predictor-default`), [place('AuthorizationPolicy', 'policy')]],
  'tokens of nobody': [tokens(`{ ${KEY}: sklearn-iris }`), [place('RequestAuthentication', 'tokens')]],
  'no model of the name': [
    policy(
      'user1',
      '{ selector: { matchLabels: { serving.kserve.io/inferenceservice: gone } }, mtls: { mode: STRICT } }'
    ),
    [place('PeerAuthentication', 'default', 'serving.kserve.io/inferenceservice')]
  ],
  'other labels mean other pods': [selecting('app: gone'), []],
  'all pods': [authorizing('{}'), []]
})

t.test('what it opens, and what it should have been', async t => {
  const [tokenless] = findingsOf(rule.id, tokens(`{ ${KEY}: sklearn-iris-predictor-default }`))
  t.match(tokenless, {
    opens: [{ inferenceService: 'user1/sklearn-iris', what: 'jwt-not-enforced' }],
    fix: {
      text: `Select ${KEY}: sklearn-iris-predictor`,
      apply: [{ spec: { selector: { matchLabels: { [KEY]: 'sklearn-iris-predictor' } }, jwtRules: [{}] } }]
    }
  })
  const asks = selecting(
    `${KEY}: sklearn-iris`,
    ', rules: [{ when: [{ key: "request.auth.claims[a]", values: [b] }] }]'
  )
  t.match(findingsOf(rule.id, asks), [{ opens: [{ what: 'jwt-not-enforced' }] }])
  const [plain] = findingsOf(rule.id, selecting(`${KEY}: sklearn-iris`))
  t.match(plain, { opens: [{ what: 'policy-not-enforced' }] })
  const [gone] = findingsOf(rule.id, selecting(`${KEY}: gone-predictor`))
  t.match(gone, { opens: [], fix: { text: 'Select pods by labels that they have, or create the model gone in user1' } })
})
