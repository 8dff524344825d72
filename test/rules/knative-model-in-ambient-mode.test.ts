import t from 'tap'
import rule from '../../src/rules/knative-model-in-ambient-mode.ts'
import { model, namespace } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const AMBIENT = namespace('istio.io/dataplane-mode: ambient, team: a')
const STANDARD = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
const MODELS = ['sklearn-iris', 'sklearn-iris-burst'].map(name => `InferenceService user1/${name} metadata.namespace`)

testRule(t, rule, {
  'each Knative model is reported': [AMBIENT, MODELS],
  'no model in Standard mode': [`${AMBIENT}---${STANDARD}`, MODELS],
  'dataplane-mode: none': [namespace('istio.io/dataplane-mode: none'), []],
  'no Namespace object': [model('').replaceAll('user1', 'unknown'), []]
})

t.test('the fix keeps other labels', async t => {
  const [finding] = findingsOf(rule.id, AMBIENT)
  t.same(finding?.fix.apply, [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'user1', labels: { team: 'a', 'istio-injection': 'enabled' } }
    }
  ])
})
