import t from 'tap'
import rule from '../../src/rules/gateway-sni-mismatch.ts'
import { clientRule, gateway } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

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

t.test('the fix adds a host that covers the SNI', async t => {
  const mutual = clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')
  const [inCluster] = findingsOf(rule.id, `${narrow(LOCAL)}---${mutual}`)
  t.match(inCluster?.fix, {
    text: /^Add \*\.svc\.cluster\.local to hosts/,
    apply: [{ spec: { servers: [{ hosts: [LOCAL, '*.svc.cluster.local'] }] } }]
  })
  const https =
    '{ hosts: ["a.example.com"], port: { name: https, number: 443, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }'
  const [external] = findingsOf(rule.id, gateway('knative-ingress-gateway', https))
  t.match(external?.fix, {
    text: 'Add the SNI sklearn-iris.user1.example.com to hosts',
    apply: [{ spec: { servers: [{ hosts: ['a.example.com', 'sklearn-iris.user1.example.com'] }] } }]
  })
})
