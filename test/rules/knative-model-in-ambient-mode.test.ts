import t from 'tap'
import rule from '../../src/rules/knative-model-in-ambient-mode.ts'
import { model, namespace } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const AMBIENT = namespace('istio.io/dataplane-mode: ambient, team: a')
const STANDARD = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
const OUT = model(
  '',
  'predictor: { labels: { istio.io/dataplane-mode: none }, model: { modelFormat: { name: sklearn } } }'
)
const NAMESPACE = ['Namespace /user1 metadata.labels[istio.io/dataplane-mode]']

testRule(t, rule, {
  'namespace with Knative models': [AMBIENT, NAMESPACE],
  'namespace with models in Standard mode': [`${AMBIENT}---${STANDARD}`.replaceAll('user1', 'amb'), []],
  'namespace without models': [AMBIENT.replaceAll('user1', 'amb'), []],
  'dataplane-mode: none': [namespace('istio.io/dataplane-mode: none'), []],
  'Knative model that opts out': [`${AMBIENT}---${OUT}`.replaceAll('user1', 'amb'), []]
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
