import t from 'tap'
import rule from '../../src/rules/plaintext-to-strict-workload.ts'
import { cases } from '../support/cases.ts'
import { clientRule, model, policy } from '../support/objects.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const HOSTS = '*.user1.svc.cluster.local'
const FIELD = 'spec.trafficPolicy.tls.mode'
const mesh = (text: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: istio }
data: { mesh: "${text}" }
`

cases(t, rule, {
  'sidecars agree by themselves': [STRICT, []],
  'a rule without a mode': [
    `${STRICT}---${clientRule(HOSTS, '{ tls: {} }')}`,
    [`DestinationRule istio-system/default ${FIELD}`]
  ],
  'a credential that sidecars do not get': [
    `${STRICT}---${clientRule(HOSTS, '{ tls: { mode: SIMPLE, credentialName: c } }', 'user1')}`,
    [`DestinationRule user1/default ${FIELD}`]
  ],
  'a namespace that says otherwise than its pods': [
    `${policy('user1', '{ mtls: { mode: DISABLE } }')}---${policy('user1', '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT } }').replace('name: default', 'name: models')}`,
    ['PeerAuthentication user1/default spec.mtls.mode']
  ],
  'where auto mTLS is off': [
    `${STRICT}---${mesh('enableAutoMtls: false')}`,
    ['PeerAuthentication user1/default spec.mtls.mode']
  ],
  'callers without a sidecar, of a model that is called directly': [
    `${STRICT}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }')}`,
    ['PeerAuthentication user1/default spec.mtls.mode']
  ],
  'a label that denies the sidecar': [
    `${STRICT}---${model(', labels: { security.istio.io/tlsMode: disabled }')}`,
    ['PeerAuthentication user1/default spec.mtls.mode']
  ]
})
