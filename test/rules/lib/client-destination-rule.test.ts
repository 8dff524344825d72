import t from 'tap'
import type { ClientSide, Destination } from '../../../src/istio/client.ts'
import type { DestinationRule } from '../../../src/istio/destination-rule.ts'
import { podsWith } from '../../../src/kubernetes/service.ts'
import { clientDestinationRule } from '../../../src/rules/lib/client-destination-rule.ts'
import { configMap, clientRule as yaml } from '../../support/objects.ts'
import { resourceOf, stockWith } from '../../support/snapshot.ts'

const HOST = 'a.user1.svc.cluster.local'
const stock = stockWith()
const pods = (proxy: 'sidecar' | 'gateway') =>
  proxy === 'sidecar'
    ? podsWith(stock, 'user1', { app: 'httpbin' })
    : podsWith(stock, 'istio-system', { istio: 'ingressgateway' })
const to = (proxy: 'sidecar' | 'gateway' | 'none'): Destination => ({
  host: HOST,
  namespace: 'user1',
  port: 80,
  headless: false,
  endpoints: proxy === 'none' ? [] : pods(proxy).map(workload => ({ workload, port: 80 }))
})
const by = (host: string, policy: string): ClientSide => ({
  send: 'plaintext',
  sni: undefined,
  accepts: [],
  reason: 'destination-rule',
  destinationRule: resourceOf(yaml(host, policy)) as DestinationRule
})
const SIMPLE = '{ connectionPool: {}, tls: { mode: SIMPLE } }'
const PORT = '{ portLevelSettings: [{ port: { number: 81 } }, { port: { number: 80 }, tls: { mode: SIMPLE } }] }'
const MUTUAL = { tls: { mode: 'ISTIO_MUTUAL' } }

t.test('an existing rule for only the host is updated', async t => {
  t.match(clientDestinationRule(stock, by(HOST, SIMPLE), to('sidecar'), 'DISABLE'), {
    metadata: { name: 'default', namespace: 'istio-system' },
    spec: { host: HOST, trafficPolicy: { tls: { mode: 'DISABLE' } } }
  })
  t.match(clientDestinationRule(stock, by(HOST, PORT), to('sidecar'), 'ISTIO_MUTUAL'), {
    spec: { trafficPolicy: { portLevelSettings: [{ port: { number: 81 }, tls: undefined }, MUTUAL] } }
  })
  t.match(clientDestinationRule(stock, by(HOST, 'null'), to('sidecar'), 'ISTIO_MUTUAL'), {
    spec: { trafficPolicy: MUTUAL }
  })
})

t.test('a wildcard rule is updated only if all of its hosts use auto mTLS', async t => {
  const wildcard = '*.user1.svc.cluster.local'
  t.match(clientDestinationRule(stock, by(wildcard, SIMPLE), to('sidecar'), 'ISTIO_MUTUAL'), {
    metadata: { name: 'default' },
    spec: { host: wildcard, trafficPolicy: { connectionPool: {}, tls: undefined } }
  })
  const newRule = {
    metadata: { name: 'a-user1-mtls', namespace: 'istio-system' },
    spec: { host: HOST, trafficPolicy: MUTUAL }
  }
  t.match(
    clientDestinationRule(stock, by(wildcard, SIMPLE), to('gateway'), 'ISTIO_MUTUAL'),
    newRule,
    'no auto mTLS to gateways'
  )
  t.match(clientDestinationRule(stock, by(wildcard, SIMPLE), to('none'), 'ISTIO_MUTUAL'), newRule, 'no endpoints')
  t.match(
    clientDestinationRule(stock, by('*', SIMPLE), to('sidecar'), 'ISTIO_MUTUAL'),
    newRule,
    'hosts outside the cluster'
  )
  const off = stockWith(configMap('istio-system', 'istio', { mesh: 'enableAutoMtls: false' }))
  t.match(
    clientDestinationRule(off, by(wildcard, SIMPLE), to('sidecar'), 'ISTIO_MUTUAL'),
    newRule,
    'auto mTLS disabled'
  )
})

t.test('a rule is created if none exists', async t => {
  const sent: ClientSide = {
    send: 'plaintext',
    sni: undefined,
    accepts: [],
    reason: 'auto-mtls',
    destinationRule: undefined
  }
  t.match(clientDestinationRule(stock, sent, to('sidecar'), 'DISABLE'), {
    apiVersion: 'networking.istio.io/v1',
    metadata: { name: 'a-user1-plaintext', namespace: 'user1' },
    spec: { host: HOST, trafficPolicy: { tls: { mode: 'DISABLE' } } }
  })
})

t.test('a new rule has the workload selector of the effective one', async t => {
  const selecting = yaml('*.local', SIMPLE).replace('spec: {', 'spec: { workloadSelector: { matchLabels: { app: a } },')
  const client = { ...by('*.local', SIMPLE), destinationRule: resourceOf(selecting) as DestinationRule }
  t.match(clientDestinationRule(stock, client as ClientSide, to('gateway'), 'DISABLE'), {
    spec: { host: HOST, workloadSelector: { matchLabels: { app: 'a' } }, trafficPolicy: { tls: { mode: 'DISABLE' } } }
  })
})
