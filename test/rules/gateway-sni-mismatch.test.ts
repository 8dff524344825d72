import t from 'tap'
import rule from '../../src/rules/gateway-sni-mismatch.ts'
import { clientRule, gateway } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const narrow = (host: string) =>
  gateway(
    'knative-local-gateway',
    `{ hosts: ["${host}"], port: { name: https, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }`
  )
const PLACE = 'Gateway knative-serving/knative-local-gateway spec.servers[0].hosts'

testRule(t, rule, {
  'exact host of the Service': [`${narrow(LOCAL)}---${clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')}`, [PLACE]],
  'wildcard for the end of the SNI': [
    `${narrow('*.istio-system.svc.cluster.local')}---${clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')}`,
    []
  ],
  'DestinationRule with its own sni': [
    `${narrow('*.example.com')}---${clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL, sni: a.example.com } }')}`,
    []
  ]
})
