import t from 'tap'
import rule from '../../src/rules/client-mtls-to-plain-listener.ts'
import { clientRule, policy } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const mutual = '{ tls: { mode: ISTIO_MUTUAL } }'
const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'

testRule(t, rule, {
  SIMPLE: [
    clientRule(LOCAL, '{ tls: { mode: SIMPLE } }'),
    ['DestinationRule istio-system/default spec.trafficPolicy.tls.mode']
  ],
  DISABLE: [clientRule('*', '{ tls: { mode: DISABLE } }'), []],
  'no tls: auto mTLS': [clientRule('*', '{ connectionPool: {} }'), []],
  'portLevelSettings of the port': [
    clientRule(
      LOCAL,
      '{ portLevelSettings: [{ port: { number: 443 } }, { port: { number: 80 }, tls: { mode: ISTIO_MUTUAL } }] }'
    ),
    ['DestinationRule istio-system/default spec.trafficPolicy.portLevelSettings[1].tls.mode']
  ],
  'portLevelSettings of another port': [
    clientRule(LOCAL, '{ portLevelSettings: [{ port: { number: 443 }, tls: { mode: ISTIO_MUTUAL } }] }'),
    []
  ],
  'sidecar with mode DISABLE': [
    `${clientRule('*.user1.svc.cluster.local', mutual)}---${policy('user1', '{ mtls: { mode: DISABLE } }')}`,
    ['DestinationRule istio-system/default spec.trafficPolicy.tls.mode']
  ]
})
