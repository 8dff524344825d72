import t from 'tap'
import rule from '../../src/rules/policy-selects-no-pods.ts'
import { authorizing, model, policy, tokens } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const KEY = 'serving.knative.dev/service'
const selecting = (label: string, more = '') => authorizing(`{ selector: { matchLabels: { ${label} } } ${more} }`)
const place = (kind: string, name: string, key = KEY) => `${kind} user1/${name} spec.selector.matchLabels[${key}]`

testRule(t, rule, {
  'running pods': [selecting(`${KEY}: sklearn-iris-predictor`), []],
  'a model without pods': [`${model('')}---${selecting(`${KEY}: new-predictor`)}`, []],
  'name from an older KServe version': [
    selecting(`${KEY}: sklearn-iris-predictor-default`),
    [place('AuthorizationPolicy', 'policy')]
  ],
  'RequestAuthentication without pods': [
    tokens(`{ ${KEY}: sklearn-iris }`),
    [place('RequestAuthentication', 'tokens')]
  ],
  'unknown model': [
    policy(
      'user1',
      '{ selector: { matchLabels: { serving.kserve.io/inferenceservice: gone } }, mtls: { mode: STRICT } }'
    ),
    [place('PeerAuthentication', 'default', 'serving.kserve.io/inferenceservice')]
  ],
  'root namespace: pods of any namespace': [
    selecting(`${KEY}: sklearn-iris-predictor`).replace('namespace: user1', 'namespace: istio-system'),
    []
  ],
  'root namespace: no pods': [
    selecting(`${KEY}: gone-predictor`).replace('namespace: user1', 'namespace: istio-system'),
    [place('AuthorizationPolicy', 'policy').replace('user1', 'istio-system')]
  ],
  'labels of other pods': [selecting('app: gone'), []],
  'all pods': [authorizing('{}'), []]
})

t.test('the finding lists exposed models and the fix corrects the selector', async t => {
  const [withoutJwt] = findingsOf(rule.id, tokens(`{ ${KEY}: sklearn-iris-predictor-default }`))
  t.match(withoutJwt, {
    exposes: [{ inferenceService: 'user1/sklearn-iris', what: 'jwt-not-enforced' }],
    fix: {
      text: `Select ${KEY}: sklearn-iris-predictor`,
      apply: [{ spec: { selector: { matchLabels: { [KEY]: 'sklearn-iris-predictor' } }, jwtRules: [{}] } }]
    }
  })
  const requiresJwt = selecting(
    `${KEY}: sklearn-iris`,
    ', rules: [{ when: [{ key: "request.auth.claims[a]", values: [b] }] }]'
  )
  t.match(findingsOf(rule.id, requiresJwt), [{ exposes: [{ what: 'jwt-not-enforced' }] }])
  const [plain] = findingsOf(rule.id, selecting(`${KEY}: sklearn-iris`))
  t.match(plain, { exposes: [{ what: 'policy-not-enforced' }] })
  const [gone] = findingsOf(rule.id, selecting(`${KEY}: gone-predictor`))
  t.match(gone, { exposes: [], fix: { text: 'Select labels that the pods have, or create the model gone in user1' } })
})
