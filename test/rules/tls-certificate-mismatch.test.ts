import t from 'tap'
import rule from '../../src/rules/tls-certificate-mismatch.ts'
import { cases } from '../support/cases.ts'
import { clientRule, gateway } from '../support/objects.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const server = (number: number, mode: string) =>
  `{ hosts: ["*"], port: { name: https, number: ${number}, protocol: HTTPS }, tls: { mode: ${mode}, credentialName: c } }`
const LOCAL_MODE = 'Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode'

cases(t, rule, {
  'callers from outside have no certificate of the mesh': [
    gateway(
      'knative-ingress-gateway',
      '{ hosts: ["*"], port: { name: https, number: 443, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }'
    ),
    ['Gateway knative-serving/knative-ingress-gateway spec.servers[0].tls.mode']
  ],
  'a certificate that callers have is another matter': [
    gateway('knative-ingress-gateway', server(443, 'OPTIONAL_MUTUAL')),
    []
  ],
  'mTLS of the mesh to a certificate of its own': [
    `${gateway('knative-local-gateway', server(8081, 'SIMPLE'))}---${clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')}`,
    [LOCAL_MODE]
  ],
  'TLS to a server that wants a certificate': [
    `${gateway('knative-local-gateway', server(8081, 'MUTUAL'))}---${clientRule(LOCAL, '{ tls: { mode: SIMPLE } }')}`,
    [LOCAL_MODE]
  ],
  'identities that the pods do not have': [
    clientRule(
      '*.user1.svc.cluster.local',
      '{ tls: { mode: ISTIO_MUTUAL, subjectAltNames: ["spiffe://cluster.local/ns/x/sa/y"] } }'
    ),
    ['DestinationRule istio-system/default spec.trafficPolicy.tls.mode']
  ],
  'the identity that they have': [
    clientRule(
      '*.user1.svc.cluster.local',
      '{ tls: { mode: ISTIO_MUTUAL, subjectAltNames: ["spiffe://cluster.local/ns/user1/sa/default", "spiffe://cluster.local/ns/knative-serving/sa/activator"] } }'
    ),
    []
  ]
})
