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

t.test('egress hosts of the Sidecar select the imported Services', async t => {
  const hosts = (...list: readonly string[]) => `{ egress: [{ hosts: ${JSON.stringify(list)} }] }`
  const port = (number: number) => `{ egress: [{ port: { number: ${number} }, hosts: ["*/*"] }] }`
  for (const [name, yaml, imported] of [
    ['no Sidecar imports everything', '', true],
    ['empty Sidecar imports everything', sidecar('user1', 'a', ''), true],
    ['only the namespace of the client', sidecar('user1', 'a', hosts('./*')), false],
    ['namespace of the host', sidecar('user1', 'a', hosts('user2/*')), true],
    ['host in any namespace', sidecar('user1', 'a', hosts('*/s.user2.svc.cluster.local')), true],
    ['all but the namespace of the host', sidecar('user1', 'a', hosts('*/*', '~user2/*')), false],
    ['all namespaces excluded', sidecar('user1', 'a', hosts('*/*', '~/*')), false],
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

t.test('exportTo of Services selects the PeerAuthentications that a sidecar sees', async t => {
  for (const [name, yaml, sees] of [
    ['namespace with a Service', service('user2'), true],
    ['namespace without a Service', '', false],
    ['Service exported to other namespaces', service('user2', 'user3, .'), false],
    ['Service exported to the namespace of the client', service('user2', 'user1'), true],
    ['Service exported to all namespaces', service('user2', '*'), true]
  ] as const) {
    t.equal(scopeOf(stateOf(yaml), client).isVisible('user2'), sees, name)
  }
  const { isVisible } = scopeOf(stateOf(service('user1', '.')), client)
  t.ok(isVisible('user1'), 'namespace of the client')
  t.ok(isVisible('istio-system'), 'root namespace')
})

t.test('`.` matches no namespace for a client in an unspecified namespace', async t => {
  const state = stateOf(sidecar('istio-system', 'default', '{ egress: [{ hosts: ["./*"] }] }'))
  t.equal(scopeOf(state, { ...client, namespace: '' }).imports(target), false)
  t.equal(scopeOf(state, { ...client, namespace: target.namespace }).imports(target), true)
})
