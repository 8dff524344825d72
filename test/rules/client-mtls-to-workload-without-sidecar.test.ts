import t from 'tap'
import rule from '../../src/rules/client-mtls-to-workload-without-sidecar.ts'
import { cases } from '../support/cases.ts'
import { clientRule, model } from '../support/objects.ts'

const naked = model(', labels: { sidecar.istio.io/inject: "false" }')
const PLACE = 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode'

cases(t, rule, {
  'mesh mTLS': [`${clientRule('*.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')}---${naked}`, [PLACE]],
  'TLS of another kind': [
    `${clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')}---${naked}`,
    [PLACE]
  ],
  plaintext: [`${clientRule('*.user1.svc.cluster.local', '{ tls: { mode: DISABLE } }')}---${naked}`, []],
  'a port that leads past the sidecar': [
    model(
      ', labels: { sidecar.istio.io/inject: "true" }, annotations: { traffic.sidecar.istio.io/excludeInboundPorts: "8012" }'
    ),
    ['Service user1/new-predictor-00001 spec.ports']
  ],
  'a label that promises a sidecar': [
    `${naked.replace('"false"', '"false", security.istio.io/tlsMode: istio')}`,
    ['Service user1/new-predictor-00001 spec.ports']
  ]
})
