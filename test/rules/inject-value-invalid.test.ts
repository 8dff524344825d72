import t from 'tap'
import rule from '../../src/rules/inject-value-invalid.ts'
import { cases } from '../support/cases.ts'
import { model } from '../support/objects.ts'

const INJECT = 'sidecar.istio.io/inject'
const said = (label: string | undefined, annotation: string | undefined, spec?: string) =>
  model(
    (label === undefined ? '' : `, labels: { ${INJECT}: "${label}" }`) +
      (annotation === undefined ? '' : `, annotations: { ${INJECT}: "${annotation}" }`),
    spec
  )
const place = (map: string, component = 'predictor') => `InferenceService user1/new spec.${component}.${map}[${INJECT}]`

cases(t, rule, {
  'said clearly': [said('true', 'true'), []],
  'by the label alone': [said('false', undefined), []],
  'not at all': [said(undefined, undefined), []],
  'in capitals': [said('True', undefined), [place('labels')]],
  'in words': [said(undefined, 'yes'), [place('annotations')]],
  'yes and no': [said('true', 'false'), [place('annotations')]],
  'a component says otherwise': [
    said('true', undefined, `predictor: { annotations: { ${INJECT}: "false" } }, transformer: {}`),
    [place('annotations')]
  ],
  'of each component': [
    said('on', undefined, 'predictor: {}, transformer: {}'),
    [place('labels'), place('labels', 'transformer')]
  ]
})
