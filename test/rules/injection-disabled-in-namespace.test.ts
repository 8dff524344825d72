import t from 'tap'
import rule from '../../src/rules/injection-disabled-in-namespace.ts'
import { model, namespace } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const INJECT = 'sidecar.istio.io/inject'
const PLACE = `InferenceService user1/new spec.predictor.labels[${INJECT}]`
const STOCK = ['sklearn-iris', 'sklearn-iris-burst'].map(
  name => `InferenceService user1/${name} spec.predictor.labels[${INJECT}]`
)
const requested = model(`, labels: { ${INJECT}: "true" }`)

testRule(t, rule, {
  disabled: [`${namespace('istio-injection: disabled')}---${requested}`, [PLACE, ...STOCK]],
  'unknown revision': [`${namespace('istio.io/rev: gone')}---${requested}`, [PLACE, ...STOCK]],
  'not labeled': [`${namespace('')}---${requested}`, []],
  'no injector, and no Namespace object': [
    `${requested.replace('namespace: user1', 'namespace: unknown')}---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: istio-sidecar-injector }
webhooks: []
`,
    [PLACE.replace('user1', 'unknown'), ...STOCK]
  ],
  'in ambient mode, which needs no sidecar': [
    `${namespace('istio-injection: disabled, istio.io/dataplane-mode: ambient')}---${requested}`,
    []
  ],
  hostNetwork: [model(`, labels: { ${INJECT}: "true" }`, 'predictor: { hostNetwork: true }'), []],
  'not requested': [`${namespace('istio-injection: disabled')}---${model('')}`, STOCK]
})
