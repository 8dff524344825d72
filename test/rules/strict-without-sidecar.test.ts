import t from 'tap'
import rule from '../../src/rules/strict-without-sidecar.ts'
import { cases } from '../support/cases.ts'

const model = (metadata: string, spec = 'predictor: { model: { modelFormat: { name: sklearn } } }') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new ${metadata} }
spec: { ${spec} }
`
const policy = (namespace: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: ${namespace}, name: default }
spec: ${spec}
`
const namespace = (labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: user1, labels: { ${labels} } }
`
const INJECT = 'sidecar.istio.io/inject'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const naked = model(`, labels: { ${INJECT}: "false" }`)
const PLACE = 'InferenceService user1/new spec.predictor'

cases(t, rule, {
  'STRICT in the mesh': [`${policy('istio-system', '{ mtls: { mode: STRICT } }')}---${naked}`, [PLACE]],
  permissive: [naked, []],
  'a policy of its own': [
    `${STRICT}---${policy('user1', '{ selector: { matchLabels: { sidecar.istio.io/inject: "false" } }, mtls: { mode: PERMISSIVE } }').replace('name: default', 'name: outside')}---${naked}`,
    []
  ],
  'running pods have theirs still': [`${STRICT}---${namespace('')}`, []]
})
