import t from 'tap'
import rule from '../../src/rules/client-mtls-to-workload-without-sidecar.ts'
import { clientRule, model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const withoutSidecar = model(', labels: { sidecar.istio.io/inject: "false" }')
const PLACE = 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode'

testRule(t, rule, {
  'Istio mTLS': [
    `${clientRule('*.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')}---${withoutSidecar}`,
    [PLACE]
  ],
  'non-Istio TLS': [
    `${clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')}---${withoutSidecar}`,
    [PLACE]
  ],
  plaintext: [`${clientRule('*.user1.svc.cluster.local', '{ tls: { mode: DISABLE } }')}---${withoutSidecar}`, []],
  'port excluded from the sidecar': [
    model(
      ', labels: { sidecar.istio.io/inject: "true" }, annotations: { traffic.sidecar.istio.io/excludeInboundPorts: "8012" }'
    ),
    ['Service user1/new-predictor-00001 spec.ports']
  ],
  'tlsMode label without a sidecar': [
    `${withoutSidecar.replace('"false"', '"false", security.istio.io/tlsMode: istio')}`,
    ['Service user1/new-predictor-00001 spec.ports']
  ]
})
