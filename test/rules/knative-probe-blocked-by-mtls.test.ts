import t from 'tap'
import rule from '../../src/rules/knative-probe-blocked-by-mtls.ts'
import { gateway } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const server = (number: number, mode: string) =>
  `{ hosts: ["*.svc.cluster.local"], port: { name: p${number}, number: ${number}, protocol: HTTPS }, tls: { mode: ${mode}, credentialName: a } }`
const LOCAL = 'knative-local-gateway'
const place = (name: string, i = 0) => [`Gateway knative-serving/${name} spec.servers[${i}].tls.mode`]

testRule(t, rule, {
  'probed port': [gateway(LOCAL, server(443, 'ISTIO_MUTUAL')), place(LOCAL)],
  'probed port of the public gateway': [
    gateway('knative-ingress-gateway', `${server(443, 'SIMPLE')}, ${server(80, 'ISTIO_MUTUAL')}`),
    place('knative-ingress-gateway', 1)
  ],
  'port that is not probed': [gateway(LOCAL, server(8081, 'ISTIO_MUTUAL')), []],
  SIMPLE: [gateway(LOCAL, server(443, 'SIMPLE')), []],
  'Gateway of a user': [gateway('own', server(443, 'ISTIO_MUTUAL')), []],
  'no Service with the labels of the selector': [
    gateway(LOCAL, server(443, 'ISTIO_MUTUAL')).replace('istio: ingressgateway', 'istio: local'),
    []
  ]
})
