/** What ztunnel and waypoints make of connections, where no vector asks. */
import t from 'tap'
import { TrackingView } from '../../src/engine/incremental/dependency-tracking.ts'
import { clientSide } from '../../src/istio/client.ts'
import { connect } from '../../src/istio/connection.ts'
import { authorizeAtZtunnel } from '../../src/istio/ztunnel-authorization.ts'
import { strictAt } from '../../src/istio/ztunnel-mtls.ts'
import { authorization, clientRule, policy, together } from '../support/objects.ts'
import { stateOf, stockWith } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const HOST = 'model.user1.svc.cluster.local'
const AMBIENT = { proxy: 'none', captured: true } as const
const SERVER = workload({ name: 'server', ...AMBIENT, labels: { app: 'model' } })
const endpoint = (server = SERVER) => ({ workload: server, port: 8080 })
const destination = (server = SERVER, headless = false) => ({
  host: HOST,
  namespace: 'user1',
  port: 80,
  headless,
  endpoints: [endpoint(server)]
})
const rule = (mode: string) => clientRule(HOST, `{ tls: { mode: ${mode} } }`, 'user1')

t.test('TLS of clients that send no HBONE', async t => {
  const sidecar = workload({ name: 'client', labels: { 'security.istio.io/tlsMode': 'istio' } })
  for (const [name, mode, expected] of [
    ['Istio mTLS, which the application does not serve', 'ISTIO_MUTUAL', 'refused'],
    ['other TLS, which the application may serve', 'SIMPLE', 'unknown']
  ] as const) {
    const { outcome } = connect(stateOf(rule(mode)), sidecar, destination(SERVER, true), endpoint())
    t.equal(outcome.is, expected, name)
  }
})

t.test('a waypoint accepts no calls to itself', async t => {
  const waypoint = workload({ name: 'waypoint', proxy: 'waypoint', captured: false })
  const client = workload({ name: 'client', ...AMBIENT })
  const { outcome, server } = connect(stateOf(''), client, destination(waypoint), endpoint(waypoint))
  t.match([server, outcome], [{ at: 'waypoint' }, { is: 'refused', refusal: { cause: 'no-listener' } }])
})

t.test('a waypoint sends the TLS of a DestinationRule to pods without HBONE', async t => {
  const serves = { namespace: 'user1', name: 'model' }
  const waypoint = workload({ name: 'waypoint', proxy: 'waypoint', captured: false, serves })
  const plain = workload({ name: 'server', proxy: 'none', captured: false })
  for (const [mode, send] of [
    ['SIMPLE', 'tls'],
    ['DISABLE', 'plaintext'],
    ['ISTIO_MUTUAL', 'plaintext']
  ] as const)
    t.equal(clientSide(stateOf(rule(mode)), waypoint, destination(plain), endpoint(plain)).send, send, mode)
})

t.test('the first DENY policy by name decides, and empty operations and sources match nothing', async t => {
  const named = (name: string, namespace: string, spec: string) =>
    authorization(namespace, spec).replace('name: rules', `name: ${name}`)
  const deny = '{ action: DENY, rules: [{ from: [{ source: { namespaces: [clients] } }] }] }'
  const request = {
    identity: 'spiffe://cluster.local/ns/clients/sa/default',
    from: undefined,
    to: { address: undefined, port: 8080 },
    host: HOST,
    path: '/',
    method: 'GET',
    token: undefined,
    headers: {},
    headersComplete: true,
    sni: undefined,
    http: false
  }
  const decided = (...policies: readonly string[]) =>
    authorizeAtZtunnel(stateOf(together(...policies)), SERVER, request)
  t.match(decided(named('b', 'istio-system', deny), named('c', 'user1', deny), named('a', 'istio-system', deny)), {
    is: 'denied',
    by: { name: 'a' }
  })
  const policies = together(named('b', 'istio-system', deny), named('c', 'amb', deny))
  const byNamespace = authorizeAtZtunnel(stateOf(policies), workload({ ...AMBIENT, namespace: 'amb' }), request)
  t.match(byNamespace, { is: 'denied', by: { name: 'c' } })
  t.match(decided(named('a', 'user1', '{ action: DENY, rules: [{ to: [{}] }, { from: [{}] }] }')), { is: 'allowed' })
})

t.test('ports that are STRICT', async t => {
  const own = (spec: string) => policy('user1', `{ selector: { matchLabels: { app: model } }, ${spec} }`)
  const strict = policy('istio-system', '{ mtls: { mode: STRICT } }')
  for (const [name, server, yaml, ports] of [
    ['pod of the root namespace', workload({ ...AMBIENT, namespace: 'istio-system' }), strict, [8080, 9090]],
    ['port without mode', SERVER, together(strict, own('portLevelMtls: { 8080: {} }')), [8080, 9090]],
    [
      'port that is exempt',
      SERVER,
      together(strict, own('portLevelMtls: { 8080: { mode: PERMISSIVE }, 70: {} }')),
      [9090]
    ]
  ] as const)
    t.same(
      [8080, 9090].filter(port => strictAt(stateOf(yaml), server, port) !== undefined),
      ports,
      name
    )
})

t.test('VirtualServices that lead to a host outside the cluster are tracked', async t => {
  t.same(new TrackingView(stockWith()).virtualServicesTo('example.com'), [])
})
