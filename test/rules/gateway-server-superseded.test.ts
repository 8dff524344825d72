import t from 'tap'
import rule from '../../src/rules/gateway-server-superseded.ts'
import { gateway, kserveConfig, pod, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const server = (number: number, protocol: string, host: string, more = '') =>
  `{ hosts: ["${host}"], port: { name: s${number}-${protocol.toLowerCase()}, number: ${number}, protocol: ${protocol} } ${more} }`
const MUTUAL = ', tls: { mode: ISTIO_MUTUAL }'
const SIMPLE = ', tls: { mode: SIMPLE, credentialName: cert }'
const OLD = ', creationTimestamp: "2026-01-01T00:00:00Z"'
const LOCAL = gateway('knative-local-gateway', server(8081, 'HTTP', '*'), OLD)
const own = (servers: string) => gateway('own', servers)
const PROTOCOL = ['Gateway knative-serving/own spec.servers[0].port.protocol']
const HOSTS = ['Gateway knative-serving/own spec.servers[0].hosts']
const PUBLIC = gateway('knative-ingress-gateway', server(443, 'HTTPS', '*.example.com', SIMPLE), OLD)
const OTHER_PODS = pod('istio-system', 'other', 'istio: ingressgateway, other: gateway', 'router')

testRule(t, rule, {
  'HTTPS on a plaintext port': [together(LOCAL, own(server(8081, 'HTTPS', '*', MUTUAL))), PROTOCOL],
  'TCP on a plaintext port': [together(LOCAL, own(server(8081, 'TCP', '*'))), PROTOCOL],
  'HTTP2 on an HTTP port': [together(LOCAL, own(server(8081, 'HTTP2', '*'))), []],
  'plaintext on a port with TLS': [together(PUBLIC, own(server(443, 'HTTP', '*'))), []],
  'free port': [together(LOCAL, own(server(8082, 'HTTPS', '*', MUTUAL))), []],
  'address of its own': [together(LOCAL, own(server(8081, 'HTTPS', '*', `, bind: 10.0.0.1${MUTUAL}`))), []],
  'TLS host of an older Gateway': [together(PUBLIC, own(server(443, 'HTTPS', '*.example.com', SIMPLE))), HOSTS],
  'another TLS host': [together(PUBLIC, own(server(443, 'HTTPS', 'a.example.com', SIMPLE))), []],
  'TLS host with an address of its own': [
    together(PUBLIC, own(server(443, 'HTTPS', '*.example.com', `, bind: 10.0.0.1${SIMPLE}`))),
    []
  ],
  'port number of the Service and of the pod': [
    together(PUBLIC, own(server(8443, 'HTTPS', '*.example.com', SIMPLE))),
    HOSTS
  ],
  'Gateway of the models loses': [
    together(
      gateway('own', server(8081, 'HTTPS', '*', MUTUAL), OLD),
      gateway('knative-local-gateway', server(8081, 'HTTPS', '*', MUTUAL))
    ),
    ['Gateway knative-serving/knative-local-gateway spec.servers[0].hosts']
  ],
  'earlier server of the same Gateway': [
    gateway('knative-local-gateway', `${server(8081, 'HTTP', '*')}, ${server(8081, 'HTTPS', '*', MUTUAL)}`),
    ['Gateway knative-serving/knative-local-gateway spec.servers[1].port.protocol']
  ],
  'two Gateways without models': [
    together(gateway('first', server(9000, 'HTTP', '*'), OLD), gateway('second', server(9000, 'HTTPS', '*', MUTUAL))),
    []
  ],
  'Gateway that KServe uses': [
    together(
      kserveConfig({ ingressGateway: 'knative-serving/first' }),
      gateway('first', server(9000, 'HTTP', '*'), OLD),
      gateway('second', server(9000, 'HTTPS', '*', MUTUAL))
    ),
    ['Gateway knative-serving/second spec.servers[0].port.protocol']
  ],
  'effective on other pods': [
    together(
      LOCAL.replace('{ istio: ingressgateway }', '{ other: gateway }'),
      OTHER_PODS,
      own(server(8081, 'HTTPS', '*', MUTUAL))
    ),
    []
  ],
  'no pods': [
    together(LOCAL, own(server(8081, 'HTTPS', '*', MUTUAL)).replace('istio: ingressgateway', 'istio: none')),
    []
  ]
})

t.test('the fix removes the server, or a Gateway without other servers', async t => {
  const dropped = server(8081, 'HTTPS', '*', MUTUAL)
  const [all] = findingsOf(rule.id, together(LOCAL, own(dropped)))
  t.match(all?.fix, { remove: [{ name: 'own' }] })
  const [some] = findingsOf(rule.id, together(LOCAL, own(`${dropped}, ${server(9000, 'HTTP', '*')}`)))
  t.match(some?.fix.apply, [{ spec: { servers: [{ port: { number: 9000 } }] } }])
  const [used] = findingsOf(rule.id, together(gateway('own', dropped, OLD), gateway('knative-local-gateway', dropped)))
  t.same(Object.keys(used?.fix ?? {}), ['text'], 'the Gateway of the models is kept')
})
