import t from 'tap'
import rule from '../../src/rules/inject-annotation-ignored.ts'
import { cases } from '../support/cases.ts'
import { model, namespace } from '../support/objects.ts'

const INJECT = 'sidecar.istio.io/inject'
const PLACE = `InferenceService user1/new spec.predictor.annotations[${INJECT}]`
const annotated = model(`, annotations: { ${INJECT}: "true" }`)

cases(t, rule, {
  'in a namespace that injects': [annotated, []],
  'in one that is not labelled': [
    `${namespace('')}---${annotated}`,
    [
      PLACE,
      'InferenceService user1/sklearn-iris spec.predictor.annotations[sidecar.istio.io/inject]',
      'InferenceService user1/sklearn-iris-burst spec.predictor.annotations[sidecar.istio.io/inject]'
    ]
  ],
  'beside the label': [
    `${namespace('')}---${model(`, labels: { ${INJECT}: "true" }, annotations: { ${INJECT}: "true" }`)}`,
    [
      'InferenceService user1/sklearn-iris spec.predictor.annotations[sidecar.istio.io/inject]',
      'InferenceService user1/sklearn-iris-burst spec.predictor.annotations[sidecar.istio.io/inject]'
    ]
  ],
  'where the namespace forbids it, another rule speaks': [
    `${namespace('istio-injection: disabled')}---${annotated}`,
    []
  ]
})
