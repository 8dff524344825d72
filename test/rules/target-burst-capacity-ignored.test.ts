import t from 'tap'
import rule from '../../src/rules/target-burst-capacity-ignored.ts'
import { model } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const CAMEL = 'autoscaling.knative.dev/targetBurstCapacity'
const KEBAB = 'autoscaling.knative.dev/target-burst-capacity'
const MODE = 'serving.kserve.io/deploymentMode'
const HPA = 'autoscaling.knative.dev/class: hpa.autoscaling.knative.dev'
const annotated = (text: string) => model(`, annotations: { ${text} }`)
const place = (key: string) => [`InferenceService user1/new spec.predictor.annotations[${key}]`]

testRule(t, rule, {
  'Knative mode': [annotated(`${CAMEL}: "0"`), []],
  'Standard mode': [annotated(`${CAMEL}: "0", ${MODE}: Standard`), place(CAMEL)],
  'kebab-case key': [annotated(`${KEBAB}: "0", ${MODE}: Standard`), place(KEBAB)],
  'autoscaler class hpa': [annotated(`${CAMEL}: "0", ${HPA}`), place(CAMEL)],
  'class hpa without the annotation': [annotated(HPA), []]
})

t.test('the message names the reason', async t => {
  t.match(findingsOf(rule.id, annotated(`${CAMEL}: "0", ${HPA}`)), [
    { message: 'new-predictor: targetBurstCapacity "0" is ignored with autoscaler class hpa' }
  ])
})
