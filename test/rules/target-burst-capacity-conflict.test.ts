import t from 'tap'
import rule from '../../src/rules/target-burst-capacity-conflict.ts'
import { model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const [kebab, camel] = ['autoscaling.knative.dev/target-burst-capacity', 'autoscaling.knative.dev/targetBurstCapacity']

testRule(t, rule, {
  'one key': [model(`, annotations: { ${kebab}: "1" }`), []],
  'the same value': [model(`, annotations: { ${kebab}: "1", ${camel}: "1" }`), []],
  'one key on the component': [
    model(
      `, annotations: { ${kebab}: "1" }`,
      `predictor: { annotations: { ${camel}: "0" }, model: { modelFormat: { name: sklearn } } }`
    ),
    [`InferenceService user1/new spec.predictor.annotations[${camel}]`]
  ]
})
