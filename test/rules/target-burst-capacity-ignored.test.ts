import t from 'tap'
import rule from '../../src/rules/target-burst-capacity-ignored.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { model } from '../support/objects.ts'

const CAMEL = 'autoscaling.knative.dev/targetBurstCapacity'
const KEBAB = 'autoscaling.knative.dev/target-burst-capacity'
const MODE = 'serving.kserve.io/deploymentMode'
const HPA = 'autoscaling.knative.dev/class: hpa.autoscaling.knative.dev'
const annotated = (text: string) => model(`, annotations: { ${text} }`)
const place = (key: string) => [`InferenceService user1/new spec.predictor.annotations[${key}]`]

cases(t, rule, {
  'in mode Knative': [annotated(`${CAMEL}: "0"`), []],
  'in mode Standard': [annotated(`${CAMEL}: "0", ${MODE}: Standard`), place(CAMEL)],
  'in the other spelling': [annotated(`${KEBAB}: "0", ${MODE}: Standard`), place(KEBAB)],
  'with class hpa': [annotated(`${CAMEL}: "0", ${HPA}`), place(CAMEL)],
  'class hpa alone': [annotated(HPA), []]
})

t.test('why', async t => {
  t.match(findingsOf(rule.id, annotated(`${CAMEL}: "0", ${HPA}`)), [
    { message: 'new-predictor: targetBurstCapacity "0" does nothing with autoscaler class hpa' }
  ])
})
