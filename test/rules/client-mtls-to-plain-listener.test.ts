import t from 'tap'
import rule from '../../src/rules/client-mtls-to-plain-listener.ts'
import { cases } from '../support/cases.ts'
import { clientRule, policy } from '../support/objects.ts'

const mutual = '{ tls: { mode: ISTIO_MUTUAL } }'
const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'

cases(t, rule, {
  'another mode is TLS as well': [
    clientRule(LOCAL, '{ tls: { mode: SIMPLE } }'),
    ['DestinationRule istio-system/default spec.trafficPolicy.tls.mode']
  ],
  'DISABLE is none': [clientRule('*', '{ tls: { mode: DISABLE } }'), []],
  'no tls leaves it to the sidecars': [clientRule('*', '{ connectionPool: {} }'), []],
  'for the port in use': [
    clientRule(
      LOCAL,
      '{ portLevelSettings: [{ port: { number: 443 } }, { port: { number: 80 }, tls: { mode: ISTIO_MUTUAL } }] }'
    ),
    ['DestinationRule istio-system/default spec.trafficPolicy.portLevelSettings[1].tls.mode']
  ],
  'for another port': [
    clientRule(LOCAL, '{ portLevelSettings: [{ port: { number: 443 }, tls: { mode: ISTIO_MUTUAL } }] }'),
    []
  ],
  'a sidecar that is turned off': [
    `${clientRule('*.user1.svc.cluster.local', mutual)}---${policy('user1', '{ mtls: { mode: DISABLE } }')}`,
    ['DestinationRule istio-system/default spec.trafficPolicy.tls.mode']
  ]
})
