import t from 'tap'
import { scopeOf } from '../../src/istio/sidecar.ts'
import { stateOf } from '../support/snapshot.ts'

const sidecar = (namespace: string, name: string, spec: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: ${namespace}, name: ${name} }
${spec === '' ? '' : `spec: ${spec}`}
`
const service = (namespace: string, exportTo?: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: s ${exportTo === undefined ? '' : `, annotations: { networking.istio.io/exportTo: "${exportTo}" }`} }
spec: { ports: [{ port: 80 }] }
`
const client = { namespace: 'user1', labels: { app: 'a' }, proxy: 'sidecar' } as const
const target = { host: 's.user2.svc.cluster.local', namespace: 'user2', ports: [80] }

t.test('imports of a sidecar', async t => {
  const hosts = (...list: readonly string[]) => `{ egress: [{ hosts: ${JSON.stringify(list)} }] }`
  const port = (number: number) => `{ egress: [{ port: { number: ${number} }, hosts: ["*/*"] }] }`
  for (const [name, yaml, imported] of [
    ['default: everything', '', true],
    ['empty Sidecar: everything', sidecar('user1', 'a', ''), true],
    ['its own namespace', sidecar('user1', 'a', hosts('./*')), false],
    ['namespace of the host', sidecar('user1', 'a', hosts('user2/*')), true],
    ['the host', sidecar('user1', 'a', hosts('*/s.user2.svc.cluster.local')), true],
    ['all but the namespace of the host', sidecar('user1', 'a', hosts('*/*', '~user2/*')), false],
    ['all excluded', sidecar('user1', 'a', hosts('*/*', '~/*')), false],
    ['port of the Service', sidecar('user1', 'a', port(80)), true],
    ['another port', sidecar('user1', 'a', port(81)), false],
    [
      'Sidecar with another selector',
      sidecar('user1', 'a', `{ workloadSelector: { labels: { app: b } }, egress: [{ hosts: ["./*"] }] }`),
      true
    ],
    [
      'Sidecar with a matching selector takes precedence',
      `${sidecar('user1', 'a', hosts('./*'))}---${sidecar('user1', 'b', '{ workloadSelector: { labels: { app: a } } }')}`,
      true
    ],
    ['Sidecar of the root namespace', sidecar('istio-system', 'a', hosts('./*')), false],
    [
      'Sidecar of the root namespace with a selector is ignored',
      sidecar('istio-system', 'a', '{ workloadSelector: { labels: {} }, egress: [{ hosts: ["./*"] }] }'),
      true
    ],
    ['host without a namespace', sidecar('user1', 'a', hosts('user2')), false]
  ] as const) {
    t.equal(scopeOf(stateOf(yaml), client).imports(target), imported, name)
  }
  t.ok(
    scopeOf(stateOf(sidecar('user1', 'a', hosts('./*'))), { ...client, proxy: 'gateway' }).imports(target),
    'gateways import everything'
  )
})

t.test('namespaces whose PeerAuthentications a sidecar sees', async t => {
  for (const [name, yaml, sees] of [
    ['namespace with a Service', service('user2'), true],
    ['namespace without a Service', '', false],
    ['namespace whose Service is not exported here', service('user2', 'user3, .'), false],
    ['namespace whose Service is exported here', service('user2', 'user1'), true],
    ['namespace whose Service is exported to all', service('user2', '*'), true]
  ] as const) {
    t.equal(scopeOf(stateOf(yaml), client).isVisible('user2'), sees, name)
  }
  const { isVisible } = scopeOf(stateOf(service('user1', '.')), client)
  t.ok(isVisible('user1'), 'own namespace')
  t.ok(isVisible('istio-system'), 'root namespace')
})

t.test('`.` is no namespace for a client in an unspecified namespace', async t => {
  const state = stateOf(sidecar('istio-system', 'default', '{ egress: [{ hosts: ["./*"] }] }'))
  t.equal(scopeOf(state, { ...client, namespace: '' }).imports(target), false)
  t.equal(scopeOf(state, { ...client, namespace: target.namespace }).imports(target), true)
})
