import t from 'tap'
import rule from '../../src/rules/unknown-deployment-mode.ts'
import { model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const withMode = (mode: string) => model(`, annotations: { serving.kserve.io/deploymentMode: "${mode}" }`)
const PLACE = ['InferenceService user1/new metadata.annotations[serving.kserve.io/deploymentMode]']

testRule(t, rule, {
  'no annotation': [model(''), []],
  valid: [withMode('Standard'), []],
  'older name': [withMode('RawDeployment'), []],
  'lower case': [withMode('knative'), PLACE],
  empty: [withMode(''), PLACE],
  'property of Object.prototype': [withMode('constructor'), PLACE]
})
