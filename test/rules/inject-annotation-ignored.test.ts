import t from 'tap'
import rule from '../../src/rules/inject-annotation-ignored.ts'
import { model, namespace } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const INJECT = 'sidecar.istio.io/inject'
const PLACE = `InferenceService user1/new spec.predictor.annotations[${INJECT}]`
const annotated = model(`, annotations: { ${INJECT}: "true" }`)

testRule(t, rule, {
  'namespace with injection': [annotated, []],
  'namespace without a label': [
    `${namespace('')}---${annotated}`,
    [
      PLACE,
      'InferenceService user1/sklearn-iris spec.predictor.annotations[sidecar.istio.io/inject]',
      'InferenceService user1/sklearn-iris-burst spec.predictor.annotations[sidecar.istio.io/inject]'
    ]
  ],
  'annotation and label': [
    `${namespace('')}---${model(`, labels: { ${INJECT}: "true" }, annotations: { ${INJECT}: "true" }`)}`,
    [
      'InferenceService user1/sklearn-iris spec.predictor.annotations[sidecar.istio.io/inject]',
      'InferenceService user1/sklearn-iris-burst spec.predictor.annotations[sidecar.istio.io/inject]'
    ]
  ],
  'namespace with injection disabled: another rule reports it': [
    `${namespace('istio-injection: disabled')}---${annotated}`,
    []
  ]
})
