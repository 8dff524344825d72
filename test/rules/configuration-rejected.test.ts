import t from 'tap'
import rule from '../../src/rules/configuration-rejected.ts'
import { model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const BURST = 'autoscaling.knative.dev/targetBurstCapacity'

testRule(t, rule, {
  'on the InferenceService': [
    model(`, annotations: { ${BURST}: "-2" }`),
    [`InferenceService user1/new metadata.annotations[${BURST}]`]
  ],
  'on the component': [
    model('', `predictor: { annotations: { ${BURST}: "off" }, model: { modelFormat: { name: sklearn } } }`),
    [`InferenceService user1/new spec.predictor.annotations[${BURST}]`]
  ],
  'number that Knative accepts': [model(`, annotations: { ${BURST}: "1e2" }`), []],
  'Standard mode: ignored': [model(`, annotations: { ${BURST}: "-2", serving.kserve.io/deploymentMode: Standard }`), []]
})
