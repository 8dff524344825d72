import t from 'tap'
import rule from '../../src/rules/tls-certificate-mismatch.ts'
import { clientRule, gateway } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const server = (number: number, mode: string) =>
  `{ hosts: ["*"], port: { name: https, number: ${number}, protocol: HTTPS }, tls: { mode: ${mode}, credentialName: c } }`
const LOCAL_MODE = 'Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode'

testRule(t, rule, {
  'ISTIO_MUTUAL for external callers': [
    gateway(
      'knative-ingress-gateway',
      '{ hosts: ["*"], port: { name: https, number: 443, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }'
    ),
    ['Gateway knative-serving/knative-ingress-gateway spec.servers[0].tls.mode']
  ],
  'OPTIONAL_MUTUAL for external callers': [gateway('knative-ingress-gateway', server(443, 'OPTIONAL_MUTUAL')), []],
  'Istio mTLS to SIMPLE': [
    `${gateway('knative-local-gateway', server(8081, 'SIMPLE'))}---${clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')}`,
    [LOCAL_MODE]
  ],
  'SIMPLE to MUTUAL': [
    `${gateway('knative-local-gateway', server(8081, 'MUTUAL'))}---${clientRule(LOCAL, '{ tls: { mode: SIMPLE } }')}`,
    [LOCAL_MODE]
  ],
  'subjectAltNames without the identity of the pods': [
    clientRule(
      '*.user1.svc.cluster.local',
      '{ tls: { mode: ISTIO_MUTUAL, subjectAltNames: ["spiffe://cluster.local/ns/x/sa/y"] } }'
    ),
    ['DestinationRule istio-system/default spec.trafficPolicy.tls.mode']
  ],
  'subjectAltNames with the identity of the pods': [
    clientRule(
      '*.user1.svc.cluster.local',
      '{ tls: { mode: ISTIO_MUTUAL, subjectAltNames: ["spiffe://cluster.local/ns/user1/sa/default", "spiffe://cluster.local/ns/knative-serving/sa/activator"] } }'
    ),
    []
  ]
})
