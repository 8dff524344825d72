import t from 'tap'
import rule from '../../src/rules/policy-without-sidecar.ts'
import { authorization, model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const withoutSidecar = model(', labels: { sidecar.istio.io/inject: "false" }')
const modelMesh = model(
  ', labels: { sidecar.istio.io/inject: "false" }, annotations: { serving.kserve.io/deploymentMode: ModelMesh }'
)
const POLICY = authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [user1] } }] }] }')
const FIELD = 'InferenceService user1/new spec.predictor'

testRule(t, rule, {
  'policy of the namespace': [`${POLICY}---${withoutSidecar}`, [FIELD]],
  'policy of the root namespace': [`${authorization('istio-system', '{}')}---${withoutSidecar}`, [FIELD]],
  'several policies': [`${POLICY}---${POLICY.replace('name: ', 'name: other-')}---${withoutSidecar}`, [FIELD]],
  'policy of another namespace': [`${authorization('user2', '{}')}---${withoutSidecar}`, []],
  'policy with another selector': [
    `${authorization('user1', '{ selector: { matchLabels: { app: other } }, rules: [{}] }')}---${withoutSidecar}`,
    []
  ],
  'pods with a sidecar': [`${POLICY}---${model('')}`, []],
  'no policy': [withoutSidecar, []],
  'ModelMesh, without pods of its own': [`${POLICY}---${modelMesh}`, []]
})
