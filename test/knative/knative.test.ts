import t from 'tap'
import { autoscalerDefault, knativeGateways, meshCompatibility, systemPods } from '../../src/knative/knative.ts'
import { stateOf, stockWith } from '../support/snapshot.ts'

const config = (name: string, data: Readonly<Record<string, string>>) =>
  stateOf(`
apiVersion: v1
kind: ConfigMap
metadata: { namespace: knative-serving, name: ${name} }
data: ${JSON.stringify(data)}
`)
const NONE = stateOf('')
const EXTERNAL = [
  { gateway: 'knative-serving/knative-ingress-gateway', service: 'istio-ingressgateway.istio-system.svc.cluster.local' }
]
const LOCAL = [
  { gateway: 'knative-serving/knative-local-gateway', service: 'knative-local-gateway.istio-system.svc.cluster.local' }
]

t.test('config-istio sets the external and local gateways', async t => {
  for (const [name, state, expected] of [
    ['not configured', NONE, { external: EXTERNAL, local: LOCAL }],
    [
      'list form',
      config('config-istio', { 'local-gateways': '[{ name: g, namespace: ns, service: s.n.svc. }]' }),
      { external: EXTERNAL, local: [{ gateway: 'ns/g', service: 's.n.svc' }] }
    ],
    [
      'empty lists',
      config('config-istio', { 'local-gateways': '[]', 'external-gateways': '[]' }),
      { external: [], local: [] }
    ],
    ['blank list', config('config-istio', { 'local-gateways': ' ' }), { external: EXTERNAL, local: LOCAL }],
    ['not a list', config('config-istio', { 'local-gateways': '{' }), { external: EXTERNAL, local: LOCAL }],
    [
      'keyed form',
      config('config-istio', { 'gateway.n.g': 's', 'local-gateway.h': 't.' }),
      { external: [{ gateway: 'n/g', service: 's' }], local: [{ gateway: 'knative-serving/h', service: 't' }] }
    ]
  ] as const) {
    t.same(knativeGateways(state), expected, name)
  }
})

t.test('config-autoscaler sets the default target-burst-capacity', async t => {
  const key = 'target-burst-capacity'
  t.equal(autoscalerDefault(NONE, key), 211)
  t.equal(autoscalerDefault(config('config-autoscaler', { [key]: '0' }), key), 0)
  t.equal(autoscalerDefault(config('config-autoscaler', { [key]: 'x' }), key), 211)
})

t.test('config-network sets mesh-compatibility-mode', async t => {
  t.equal(meshCompatibility(NONE), 'auto')
  t.equal(meshCompatibility(config('config-network', { 'mesh-compatibility-mode': 'Enabled' })), 'enabled')
  t.equal(meshCompatibility(config('config-network', { 'mesh-compatibility-mode': 'disabled' })), 'disabled')
  t.equal(meshCompatibility(config('config-network', { 'mesh-compatibility-mode': 'maybe' })), 'auto')
})

t.test('running system pods are used, else the next pod of the Deployment', async t => {
  t.match(systemPods(stockWith(), 'activator'), [{ name: /^activator-/, proxy: 'sidecar' }])
  t.match(systemPods(NONE, 'activator'), [
    { name: 'activator (next pod)', proxy: 'none', labels: { app: 'activator' } }
  ])
  const withoutPods = stockWith().withAll('Pod', [])
  t.match(systemPods(withoutPods, 'autoscaler'), [
    { proxy: 'sidecar', labels: { 'security.istio.io/tlsMode': 'istio' } }
  ])
})
