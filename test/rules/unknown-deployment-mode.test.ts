import t from 'tap'
import rule from '../../src/rules/unknown-deployment-mode.ts'
import { cases } from '../support/cases.ts'
import { model } from '../support/objects.ts'

const asking = (mode: string) => model(`, annotations: { serving.kserve.io/deploymentMode: "${mode}" }`)
const PLACE = ['InferenceService user1/new metadata.annotations[serving.kserve.io/deploymentMode]']

cases(t, rule, {
  'not asked': [model(''), []],
  known: [asking('Standard'), []],
  'by its older name': [asking('RawDeployment'), []],
  'in small letters': [asking('knative'), PLACE],
  empty: [asking(''), PLACE],
  'a word that every object of JavaScript knows': [asking('constructor'), PLACE]
})
