import t from 'tap'
import rule from '../../src/rules/inject-value-invalid.ts'
import { model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const INJECT = 'sidecar.istio.io/inject'
const inject = (label: string | undefined, annotation: string | undefined, spec?: string) =>
  model(
    (label === undefined ? '' : `, labels: { ${INJECT}: "${label}" }`) +
      (annotation === undefined ? '' : `, annotations: { ${INJECT}: "${annotation}" }`),
    spec
  )
const place = (map: string, component = 'predictor') => `InferenceService user1/new spec.${component}.${map}[${INJECT}]`

testRule(t, rule, {
  'valid label and annotation': [inject('true', 'true'), []],
  'only the label': [inject('false', undefined), []],
  neither: [inject(undefined, undefined), []],
  'upper case': [inject('True', undefined), [place('labels')]],
  'another word': [inject(undefined, 'yes'), [place('annotations')]],
  'label and annotation differ': [inject('true', 'false'), [place('annotations')]],
  'annotation of a component differs': [
    inject('true', undefined, `predictor: { annotations: { ${INJECT}: "false" } }, transformer: {}`),
    [place('annotations')]
  ],
  'each component is reported': [
    inject('on', undefined, 'predictor: {}, transformer: {}'),
    [place('labels'), place('labels', 'transformer')]
  ]
})
