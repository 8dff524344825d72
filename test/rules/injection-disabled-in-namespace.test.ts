import t from 'tap'
import rule from '../../src/rules/injection-disabled-in-namespace.ts'
import { cases } from '../support/cases.ts'
import { model, namespace } from '../support/objects.ts'

const INJECT = 'sidecar.istio.io/inject'
const PLACE = `InferenceService user1/new spec.predictor.labels[${INJECT}]`
const STOCK = ['sklearn-iris', 'sklearn-iris-burst'].map(
  name => `InferenceService user1/${name} spec.predictor.labels[${INJECT}]`
)
const labelled = model(`, labels: { ${INJECT}: "true" }`)

cases(t, rule, {
  disabled: [`${namespace('istio-injection: disabled')}---${labelled}`, [PLACE, ...STOCK]],
  'a revision that does not exist': [`${namespace('istio.io/rev: gone')}---${labelled}`, [PLACE, ...STOCK]],
  'not labelled': [`${namespace('')}---${labelled}`, []],
  'no injector, and no Namespace object': [
    `${labelled.replace('namespace: user1', 'namespace: unknown')}---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: istio-sidecar-injector }
webhooks: []
`,
    [PLACE.replace('user1', 'unknown'), ...STOCK]
  ],
  "the node's network has no place for one": [
    model(`, labels: { ${INJECT}: "true" }`, 'predictor: { hostNetwork: true }'),
    []
  ],
  'not asked for': [`${namespace('istio-injection: disabled')}---${model('')}`, STOCK]
})
