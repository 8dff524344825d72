import t from 'tap'
import { type Registry, sidecarRoute } from '../../src/istio/sidecar-route.ts'
import { resolveService, servicesOf } from '../../src/kubernetes/service.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { configMap, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { request, workload } from '../support/workload.ts'

const HOST = 'a.user1.svc.cluster.local'

const virtualService = (name: string, spec: string, metadata = 'namespace: user1') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, ${metadata} }
spec: ${spec}
`
/** VirtualService for hosts, with the destination of its name. */
const routing = (name: string, hosts: string, more = '', metadata?: string) =>
  virtualService(
    name,
    `{ hosts: [${hosts}], ${more} http: [{ route: [{ destination: { host: ${name} } }] }] }`,
    metadata
  )
const service = (name: string, namespace: string, port = '{ port: 80, name: http }', metadata = '') => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} ${metadata} }
spec: { ports: [${port}] }
`
const alias = (name: string, target: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: user1 }
spec: { type: ExternalName, externalName: ${target}.svc.cluster.local }
`
const sidecar = (spec: string, namespace = 'user2') => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: ${namespace} }
spec: ${spec}
`
const HIDDEN = 'networking.istio.io/exportTo: "."'
const mesh = (text: string) => configMap('istio-system', 'istio', { mesh: text })

const registryOf = (state: Snapshot): Registry => ({
  virtualServicesFor: host => state.virtualServicesFor(host),
  resolve: host => resolveService(host, 'cluster.local', servicesOf(state))
})

/** What the sidecar of a client in user2 does: the first destination, Service or result. */
function egressOf(yaml: string, { host = HOST, port = 80, path = '/' } = {}): string {
  const state = stateOf(yaml)
  const client = workload({ namespace: 'user2' })
  const egress = sidecarRoute(state, registryOf(state), client, request({ host, path }), port)
  switch (egress.is) {
    case 'forwarded':
      return `to ${egress.destinations[0]?.host.split('.')[0]}`
    case 'service':
      return `Service ${egress.service.name}`
    case 'rejected':
      return `rejected by ${egress.by?.name ?? 'mesh'}`
    default:
      return egress.is
  }
}

const A = service('a', 'user1')
const old = (namespace = 'user1') => `namespace: ${namespace}, creationTimestamp: "2026-01-01T00:00:00Z"`
const young = (namespace = 'user1') => `namespace: ${namespace}, creationTimestamp: "2026-01-02T00:00:00Z"`

t.test('a host without a VirtualService', async t => {
  for (const [name, yaml, expected] of [
    ['Service', A, 'Service a'],
    ['no Service', service('b', 'user1'), 'passthrough'],
    ['no Service in REGISTRY_ONLY', mesh('outboundTrafficPolicy: { mode: REGISTRY_ONLY }'), 'rejected by mesh'],
    [
      'no Service in REGISTRY_ONLY of the Sidecar',
      sidecar('{ outboundTrafficPolicy: { mode: REGISTRY_ONLY } }'),
      'rejected by default'
    ],
    [
      'the mode of the Sidecar precedes',
      together(
        mesh('outboundTrafficPolicy: { mode: REGISTRY_ONLY }'),
        sidecar('{ outboundTrafficPolicy: { mode: ALLOW_ANY } }')
      ),
      'passthrough'
    ],
    [
      'REGISTRY_ONLY of the mesh with a Sidecar without mode',
      together(mesh('outboundTrafficPolicy: { mode: REGISTRY_ONLY }'), sidecar('{ egress: [{ hosts: ["./*"] }] }')),
      'rejected by mesh'
    ],
    ['Service without the port', service('a', 'user1', '{ port: 81 }'), 'passthrough'],
    ['Service that is not imported', together(A, sidecar('{ egress: [{ hosts: ["./*"] }] }')), 'passthrough'],
    [
      'Service that is not imported on the port',
      together(A, sidecar('{ egress: [{ port: { number: 81 }, hosts: ["*/*"] }] }')),
      'passthrough'
    ],
    ['Service that is not exported', service('a', 'user1', undefined, `, annotations: { ${HIDDEN} }`), 'passthrough'],
    [
      'Service that is exported nowhere',
      service('a', 'user1', undefined, ', annotations: { networking.istio.io/exportTo: "~,user2" }'),
      'passthrough'
    ]
  ] as const) {
    t.equal(egressOf(yaml), expected, name)
  }
})

t.test('a VirtualService routes requests to its hosts', async t => {
  for (const [name, yaml, expected] of [
    ['full name', together(A, routing('x', HOST)), 'to x'],
    ['name in another case', together(A, routing('x', 'A.user1.svc.cluster.local')), 'to x'],
    ['short name', together(A, routing('x', 'a')), 'to x'],
    ['short name in another namespace', together(A, routing('x', 'a', '', 'namespace: user2')), 'Service a'],
    ['another host', together(A, routing('x', 'b')), 'Service a'],
    ['no Service', routing('x', HOST), 'to x'],
    ['Service without the port', together(service('a', 'user1', '{ port: 81 }'), routing('x', HOST)), 'to x'],
    ['port is TCP', together(service('a', 'user1', '{ port: 80, name: tcp }'), routing('x', HOST)), 'Service a'],
    ['protocol is detected', together(service('a', 'user1', '{ port: 80 }'), routing('x', HOST)), 'to x'],
    ['bound to a gateway only', together(A, routing('x', HOST, 'gateways: [g],')), 'Service a'],
    ['bound to a gateway and sidecars', together(A, routing('x', HOST, 'gateways: [g, mesh],')), 'to x'],
    ['not exported', together(A, routing('x', HOST, 'exportTo: [.],')), 'Service a'],
    [
      'other requests',
      together(
        A,
        virtualService(
          'x',
          `{ hosts: [${HOST}], http: [{ match: [{ uri: { exact: /x } }], route: [{ destination: { host: x } }] }] }`
        )
      ),
      'unmatched'
    ],
    [
      'other proxies',
      together(
        A,
        virtualService(
          'x',
          `{ hosts: [${HOST}], http: [{ match: [{ sourceNamespace: user1 }], route: [{ destination: { host: x } }] }] }`
        )
      ),
      'Service a'
    ],
    ['no HTTP routes', together(A, virtualService('x', `{ hosts: [${HOST}] }`)), 'Service a'],
    ['answer', together(A, virtualService('x', `{ hosts: [${HOST}], http: [{ redirect: { uri: / } }] }`)), 'answered']
  ] as const) {
    t.equal(egressOf(yaml), expected, name)
  }
  t.equal(egressOf(routing('x', HOST), { port: 8080 }), 'passthrough', 'other ports than 80 need a Service')
  t.equal(egressOf(together(service('a', 'user1', '{ port: 8080 }'), routing('x', HOST)), { port: 8080 }), 'to x')
})

t.test('of several VirtualServices for a Service one counts', async t => {
  for (const [name, yaml, expected] of [
    ['the oldest', together(routing('x', HOST, '', young()), routing('y', HOST, '', old())), 'to y'],
    [
      'one that is exported by name before an older public one',
      together(routing('x', HOST, 'exportTo: [user2],', young()), routing('y', HOST, '', old())),
      'to x'
    ],
    [
      'a private one before an older one that is exported by name',
      together(routing('x', HOST, 'exportTo: [.],', young('user2')), routing('y', HOST, 'exportTo: [user2],', old())),
      'to x'
    ],
    [
      'the host itself before an older wildcard',
      together(routing('x', HOST, '', young()), routing('y', '"*"', '', old())),
      'to x'
    ],
    [
      'the longest wildcard',
      together(routing('x', '"*.local"', '', old()), routing('y', '"*.user1.svc.cluster.local"', '', young())),
      'to y'
    ],
    [
      'the next with the host if the first has no routes for the sidecar',
      together(virtualService('x', `{ hosts: [${HOST}] }`, old()), routing('y', HOST, '', young())),
      'to y'
    ],
    [
      'no wildcard if one with the host has no routes for the sidecar',
      together(virtualService('x', `{ hosts: [${HOST}] }`, old()), routing('y', '"*"', '', young())),
      'Service a'
    ],
    [
      'no shorter wildcard if the longest has no routes for the sidecar',
      together(virtualService('x', '{ hosts: ["*.local"] }', old()), routing('y', '"*"', '', young())),
      'Service a'
    ]
  ] as const) {
    t.equal(egressOf(together(A, yaml)), expected, name)
  }
})

t.test('of several VirtualServices for an unknown host, the most specific with routes counts', async t => {
  const host = 'a.example.com'
  for (const [name, yaml, expected] of [
    ['the host', together(routing('x', '"*"'), routing('y', host)), 'to y'],
    [
      'the longest wildcard',
      together(routing('x', '"*.com"'), routing('y', '"*.example.com"'), routing('z', '"*"')),
      'to y'
    ],
    ['the next wildcard', together(routing('x', '"*"'), virtualService('y', '{ hosts: ["*.example.com"] }')), 'to x'],
    ['the oldest', together(routing('x', host, '', young()), routing('y', host, '', old())), 'to y']
  ] as const) {
    t.equal(egressOf(yaml, { host }), expected, name)
  }
})

t.test('a wildcard is for unknown hosts only if it covers no host that the sidecar knows on the port', async t => {
  const own = (spec: string) => sidecar(`{ egress: [${spec}] }`)
  const entry = (host: string, port = 80, more = '') => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: entry, namespace: user3 }
spec: { hosts: ["${host}"], ports: [{ number: ${port}, name: http, protocol: HTTP }] ${more} }
`
  for (const [name, wildcard, yaml, expected] of [
    ['no other host', '*', '', 'to x'],
    ['Service', '*', A, 'passthrough'],
    ['Service with another domain', '*.example.com', A, 'to x'],
    ['Service without the port', '*', service('a', 'user1', '{ port: 81 }'), 'to x'],
    ['TCP Service', '*', service('a', 'user1', '{ port: 80, name: tcp }'), 'passthrough'],
    ['Service that is not imported', '*', together(A, own('{ hosts: ["user1/b.example.com"] }')), 'to x'],
    ['Service that is not exported', '*', service('a', 'user1', undefined, `, annotations: { ${HIDDEN} }`), 'to x'],
    ['ServiceEntry', '*.example.com', entry('b.example.com'), 'passthrough'],
    ['ServiceEntry for another domain', '*.example.com', entry('b.example.org'), 'to x'],
    ['ServiceEntry without the port', '*.example.com', entry('b.example.com', 443), 'to x'],
    ['ServiceEntry that is not imported', '*', together(entry('b.example.com'), own('{ hosts: ["user1/*"] }')), 'to x'],
    ['ServiceEntry that is not exported', '*', entry('b.example.com', 80, ', exportTo: [.]'), 'to x']
  ] as const) {
    const routes = routing('x', `"${wildcard}"`)
    t.equal(egressOf(yaml === '' ? routes : together(routes, yaml), { host: 'a.example.com' }), expected, name)
  }
})

t.test('the other name of a Service has its routes', async t => {
  const other = together(A, alias('b', 'a.user1'))
  const host = 'b.user1.svc.cluster.local'
  for (const [name, yaml, expected] of [
    ['without a VirtualService', '', 'Service a'],
    ['VirtualService for the other name', routing('x', host), 'to x'],
    ['VirtualService for the Service', routing('x', HOST), 'to x'],
    ['the oldest of both', together(routing('x', HOST, '', old()), routing('y', host, '', young())), 'to x'],
    ['Sidecar that imports both', sidecar('{ egress: [{ hosts: ["user1/*"] }] }'), 'Service a'],
    ['Sidecar that imports only the Service', sidecar(`{ egress: [{ hosts: ["user1/${HOST}"] }] }`), 'passthrough'],
    [
      'Sidecar that imports the other name for all namespaces, and the Service for its own',
      sidecar(`{ egress: [{ hosts: ["user1/${HOST}", "*/${host}"] }] }`),
      'passthrough'
    ],
    ['Sidecar that excludes the Service', sidecar(`{ egress: [{ hosts: ["*/*", "~user1/${HOST}"] }] }`), 'passthrough'],
    ['Sidecar that excludes the other name', sidecar(`{ egress: [{ hosts: ["*/*", "~user1/${host}"] }] }`), 'Service a']
  ] as const) {
    t.equal(egressOf(yaml === '' ? other : together(other, yaml), { host }), expected, name)
  }
})

t.test('a name that leads to a Service through another name has not the routes of that one', async t => {
  const chain = together(A, alias('b', 'a.user1'), alias('c', 'b.user1'))
  const host = 'c.user1.svc.cluster.local'
  const middle = 'b.user1.svc.cluster.local'
  for (const [name, yaml, expected] of [
    ['without a VirtualService', '', 'Service a'],
    ['VirtualService for the called name', routing('x', host), 'to x'],
    ['VirtualService for the Service', routing('x', HOST), 'to x'],
    ['VirtualService for the name between', routing('x', middle), 'Service a'],
    [
      'Sidecar that does not import the name between',
      sidecar(`{ egress: [{ hosts: ["*/*", "~user1/${middle}"] }] }`),
      'Service a'
    ]
  ] as const) {
    t.equal(egressOf(yaml === '' ? chain : together(chain, yaml), { host }), expected, name)
  }
})

t.test('a Sidecar imports VirtualServices by namespace and host', async t => {
  const x = together(A, routing('x', HOST), routing('y', '"*.example.com"', '', 'namespace: user3'))
  const hosts = (...list: readonly string[]) => sidecar(`{ egress: [{ hosts: ${JSON.stringify(list)} }] }`)
  for (const [name, list, expected] of [
    ['everything', ['*/*'], 'to x'],
    ['the namespace of the VirtualService', ['user1/*'], 'to x'],
    ['its host', [`user1/${HOST}`], 'to x'],
    ['its host in any namespace', [`*/${HOST}`], 'to x'],
    ['another host', ['user1/b.user1.svc.cluster.local'], 'passthrough'],
    ['the namespace of the client', ['./*'], 'passthrough'],
    ['everything but its namespace', ['*/*', '~user1/*'], 'passthrough'],
    ['everything but its host', ['*/*', `~*/${HOST}`], 'passthrough'],
    ['everything but another host', ['*/*', '~user1/b.user1.svc.cluster.local'], 'to x']
  ] as const) {
    t.equal(egressOf(together(x, hosts(...list))), expected, name)
  }
  const host = 'a.example.com'
  t.equal(egressOf(together(x, hosts(`user3/${host}`)), { host }), 'to y', 'a wildcard host with an imported one')
  t.equal(egressOf(together(x, hosts('user3/*.com')), { host }), 'to y', 'a wildcard host within an imported one')
  t.equal(
    egressOf(together(x, hosts('user3/*.b.example.com')), { host }),
    'to y',
    'a wildcard host around an imported one'
  )
  t.equal(
    egressOf(together(x, sidecar('{ egress: [{ hosts: ["./*"] }] }', 'istio-system'))),
    'passthrough',
    'Sidecar of the root namespace: `.` is the namespace of the client'
  )
  const own = together(A, routing('x', HOST, '', 'namespace: user2'))
  t.equal(egressOf(together(own, sidecar('{ egress: [{ hosts: ["./*"] }] }', 'istio-system'))), 'to x')
})
