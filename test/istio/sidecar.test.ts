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

t.test('what a sidecar imports', async t => {
  const hosts = (...list: readonly string[]) => `{ egress: [{ hosts: ${JSON.stringify(list)} }] }`
  const port = (number: number) => `{ egress: [{ port: { number: ${number} }, hosts: ["*/*"] }] }`
  for (const [name, yaml, imported] of [
    ['everything, by default', '', true],
    ['everything, with an empty one', sidecar('user1', 'a', ''), true],
    ['its own namespace', sidecar('user1', 'a', hosts('./*')), false],
    ['that namespace', sidecar('user1', 'a', hosts('user2/*')), true],
    ['that host', sidecar('user1', 'a', hosts('*/s.user2.svc.cluster.local')), true],
    ['all but that namespace', sidecar('user1', 'a', hosts('*/*', '~user2/*')), false],
    ['all but everything', sidecar('user1', 'a', hosts('*/*', '~/*')), false],
    ['by its port', sidecar('user1', 'a', port(80)), true],
    ['by another port', sidecar('user1', 'a', port(81)), false],
    [
      'one for other pods',
      sidecar('user1', 'a', `{ workloadSelector: { labels: { app: b } }, egress: [{ hosts: ["./*"] }] }`),
      true
    ],
    [
      'one for its pods comes first',
      `${sidecar('user1', 'a', hosts('./*'))}---${sidecar('user1', 'b', '{ workloadSelector: { labels: { app: a } } }')}`,
      true
    ],
    ['one for the mesh', sidecar('istio-system', 'a', hosts('./*')), false],
    [
      'one for the mesh with a selector is none',
      sidecar('istio-system', 'a', '{ workloadSelector: { labels: {} }, egress: [{ hosts: ["./*"] }] }'),
      true
    ],
    ['a host that is no host', sidecar('user1', 'a', hosts('user2')), false]
  ] as const) {
    t.equal(scopeOf(stateOf(yaml), client).imports(target), imported, name)
  }
  t.ok(
    scopeOf(stateOf(sidecar('user1', 'a', hosts('./*'))), { ...client, proxy: 'gateway' }).imports(target),
    'gateways are never narrowed'
  )
})

t.test('whose policies a sidecar sees', async t => {
  for (const [name, yaml, sees] of [
    ['of a namespace with a Service', service('user2'), true],
    ['of one without', '', false],
    ['of one whose Service is not for us', service('user2', 'user3, .'), false],
    ['of one whose Service is for us', service('user2', 'user1'), true],
    ['of one whose Service is for all', service('user2', '*'), true]
  ] as const) {
    t.equal(scopeOf(stateOf(yaml), client).isVisible('user2'), sees, name)
  }
  const { isVisible } = scopeOf(stateOf(service('user1', '.')), client)
  t.ok(isVisible('user1'), 'its own')
  t.ok(isVisible('istio-system'), 'of the root namespace')
})

t.test('`.` is no namespace for a client in an unspecified namespace', async t => {
  const state = stateOf(sidecar('istio-system', 'default', '{ egress: [{ hosts: ["./*"] }] }'))
  t.equal(scopeOf(state, { ...client, namespace: '' }).imports(target), false)
  t.equal(scopeOf(state, { ...client, namespace: target.namespace }).imports(target), true)
})
