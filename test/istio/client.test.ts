import t from 'tap'
import { clientSide } from '../../src/istio/client.ts'
import type { Workload } from '../../src/state/workload.ts'
import { stateOf } from '../support/snapshot.ts'

const HOST = 'models.ns.svc.cluster.local'
const pod = (proxy: Workload['proxy'], labels: Workload['labels']): Workload => ({
  namespace: 'ns',
  name: 'pod',
  labels,
  serviceAccount: 'default',
  proxy,
  ports: [],
  address: '10.0.0.1'
})
const CLIENT = pod('sidecar', {})
const SERVER = pod('sidecar', { 'security.istio.io/tlsMode': 'istio' })
const WITHOUT_SIDECAR = pod('none', {})

function send(
  spec: string,
  port: number,
  endpoints: readonly Workload[] = [SERVER],
  subset: string | undefined = 'v2'
) {
  const state = stateOf(`
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: ns, name: rule }
spec: { host: ${HOST}, ${spec} }
`)
  const all = endpoints.map(workload => ({ workload, port: 8080 }))
  const [endpoint = { workload: SERVER, port: 8080 }] = all
  const destination = { host: HOST, namespace: 'ns', port, headless: false, endpoints: all, subset }
  const { send, reason } = clientSide(state, CLIENT, destination, endpoint)
  return `${send} by ${reason}`
}

// Vectors from Istio's code cover top-level settings; this test covers subsets.
t.test('subset settings override top-level settings', async t => {
  const tls = (mode: string) => `tls: { mode: ${mode} }`
  const port = (mode: string) => `portLevelSettings: [{ port: { number: 80 }, ${tls(mode)} }]`
  const passthrough = 'loadBalancer: { simple: PASSTHROUGH }'
  const rule = (top: string, own: string) =>
    `trafficPolicy: { ${top} }, subsets: [{ name: v1, trafficPolicy: { ${tls('MUTUAL')} } }, { name: v2, trafficPolicy: { ${own} } }]`
  for (const [name, spec, expected] of [
    [
      'subset without settings',
      `trafficPolicy: { ${tls('SIMPLE')} }, subsets: [{ name: v2 }]`,
      'tls by destination-rule'
    ],
    ['subset TLS', rule(tls('SIMPLE'), tls('DISABLE')), 'plaintext by destination-rule'],
    ['subset TLS of the port', rule(tls('SIMPLE'), port('DISABLE')), 'plaintext by destination-rule'],
    ['subset TLS, top-level TLS of the port', rule(port('SIMPLE'), tls('DISABLE')), 'plaintext by destination-rule'],
    ['subset settings without TLS', rule(tls('SIMPLE'), 'loadBalancer: { simple: RANDOM }'), 'tls by destination-rule'],
    [
      'subset settings without TLS, top-level TLS of the port',
      rule(port('SIMPLE'), 'connectionPool: {}'),
      'tls by destination-rule'
    ],
    [
      'port settings override top-level TLS without a mode, except for endpoints',
      'trafficPolicy: { tls: {}, portLevelSettings: [{ port: { number: 80 } }] }',
      'plaintext by destination-rule'
    ],
    [
      'endpoints use the port settings with TLS of two for one port',
      'trafficPolicy: { portLevelSettings: [{ port: { number: 80 } }, { port: { number: 80 }, tls: { mode: DISABLE } }] }',
      'plaintext by destination-rule'
    ]
  ] as const) {
    t.equal(send(spec, 80), expected, name)
  }
  t.equal(send(rule(tls('SIMPLE'), port('DISABLE')), 81), 'tls by destination-rule', 'subset TLS of another port')
  t.equal(send(rule(tls('SIMPLE'), tls('DISABLE')), 80, [SERVER], 'v3'), 'tls by destination-rule', 'unknown subset')
  const mixed = [SERVER, WITHOUT_SIDECAR]
  t.equal(
    send(rule(passthrough, 'connectionPool: {}'), 80, mixed),
    'plaintext by headless-mixed',
    'top-level PASSTHROUGH'
  )
  t.equal(send(rule('connectionPool: {}', passthrough), 80, mixed), 'plaintext by headless-mixed', 'subset PASSTHROUGH')
  t.equal(
    send(rule(passthrough, 'loadBalancer: { simple: RANDOM }'), 80, mixed),
    'istio-mtls by auto-mtls',
    'subset load balancer overrides top-level PASSTHROUGH'
  )
})
