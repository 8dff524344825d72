import t from 'tap'
import rule from '../../src/rules/strict-without-sidecar.ts'
import { model, namespace, policy } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const INJECT = 'sidecar.istio.io/inject'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const withoutSidecar = model(`, labels: { ${INJECT}: "false" }`)
const PLACE = 'InferenceService user1/new spec.predictor'

testRule(t, rule, {
  'mesh-wide STRICT': [`${policy('istio-system', '{ mtls: { mode: STRICT } }')}---${withoutSidecar}`, [PLACE]],
  PERMISSIVE: [withoutSidecar, []],
  'exempted by its own policy': [
    `${STRICT}---${policy('user1', '{ selector: { matchLabels: { sidecar.istio.io/inject: "false" } }, mtls: { mode: PERMISSIVE } }').replace('name: default', 'name: outside')}---${withoutSidecar}`,
    []
  ],
  'running pods with a sidecar': [`${STRICT}---${namespace('')}`, []]
})
