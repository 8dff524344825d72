import t from 'tap'
import { findListener } from '../../src/istio/gateway.ts'
import { gatewayRoute } from '../../src/istio/gateway-route.ts'
import type { Call } from '../../src/istio/request.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { request } from '../support/workload.ts'

const HOST = 'a.example.com'

const gateway = (servers: string, name = 'g', created = 1) => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: ingress, creationTimestamp: "2026-01-0${created}T00:00:00Z" }
spec: { selector: { istio: ingressgateway }, servers: [${servers}] }
`
const server = (hosts: string, more = '') =>
  `{ port: { number: 80, name: http, protocol: HTTP }, hosts: [${hosts}] ${more} }`
const virtualService = (name: string, spec: string, metadata = 'namespace: user1') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, ${metadata} }
spec: { ${spec.startsWith('gateways') ? '' : 'gateways: [ingress/g],'} ${spec} }
`
const to = (host: string, match = '') => `{ ${match} route: [{ destination: { host: ${host} } }] }`
const routing = (name: string, hosts: string, more = '', metadata?: string) =>
  virtualService(name, `hosts: [${hosts}], http: [${to(name, more)}]`, metadata)
const POD = `
apiVersion: v1
kind: Pod
metadata: { name: pod, namespace: ingress, labels: { istio: ingressgateway } }
spec: { containers: [] }
`
const at = (day: number, namespace = 'user1') =>
  `namespace: ${namespace}, creationTimestamp: "2026-01-0${day}T00:00:00Z"`

/** What a gateway does with a request: the name of the destination, or `answered`. */
function routeOf(yaml: string, options: Partial<Call> & { readonly port?: number } = {}): string | undefined {
  const routed = routedBy(yaml, options)
  return routed?.is === 'forwarded' ? routed.destinations[0]?.host.split('.')[0] : routed?.is
}

function routedBy(yaml: string, { port = 80, ...call }: Partial<Call> & { readonly port?: number }) {
  const state = stateOf(together(POD, yaml))
  const [pod] = state.list('Pod').map(toWorkload)
  const listener = pod && findListener(state, pod, port)
  if (pod === undefined || listener === undefined) throw new Error('no listener')
  const registry = { virtualServicesFor: (host: string) => state.virtualServicesFor(host) }
  return gatewayRoute(state, registry, pod, listener.chains[0], request({ host: HOST, path: '/', ...call }))
}

t.test('a gateway has the routes of VirtualServices that are bound to it', async t => {
  const g = gateway(server('"*"'))
  for (const [name, yaml, expected] of [
    ['by namespace and name', routing('x', HOST), 'x'],
    ['by name', virtualService('x', `gateways: [g], hosts: [${HOST}], http: [${to('x')}]`, 'namespace: ingress'), 'x'],
    [
      'by name in another namespace',
      virtualService('x', `gateways: [g], hosts: [${HOST}], http: [${to('x')}]`),
      undefined
    ],
    [
      'by ./name',
      virtualService('x', `gateways: [./g], hosts: [${HOST}], http: [${to('x')}]`, 'namespace: ingress'),
      'x'
    ],
    ['only to sidecars', virtualService('x', `gateways: [], hosts: [${HOST}], http: [${to('x')}]`), undefined],
    ['not exported', virtualService('x', `exportTo: [.], hosts: [${HOST}], http: [${to('x')}]`), undefined],
    [
      'exported to the namespace of the pods',
      virtualService('x', `exportTo: [ingress], hosts: [${HOST}], http: [${to('x')}]`),
      'x'
    ],
    ['another host', routing('x', 'b.example.com'), undefined],
    ['wildcard host', routing('x', '"*.example.com"'), 'x'],
    ['no routes for gateways', routing('x', HOST, 'match: [{ gateways: [mesh] }],'), undefined],
    ['no routes for the port', routing('x', HOST, 'match: [{ port: 443 }],'), undefined],
    ['no routes', virtualService('x', `hosts: [${HOST}]`), undefined],
    ['routes for other requests', routing('x', HOST, 'match: [{ uri: { prefix: /x } }],'), undefined],
    ['answer', virtualService('x', `hosts: [${HOST}], http: [{ redirect: {} }]`), 'answered']
  ] as const) {
    t.equal(routeOf(together(g, yaml)), expected, name)
  }
})

t.test('a server has routes for its hosts, by the namespace of the VirtualService', async t => {
  for (const [hosts, expected] of [
    [`"${HOST}"`, 'x'],
    ['"*.example.com"', 'x'],
    ['"*/*"', 'x'],
    ['"*/a.example.com"', 'x'],
    ['"user1/A.example.com"', 'x'],
    ['"user2/*"', undefined],
    ['"./*"', undefined],
    ['"b.example.com"', undefined]
  ] as const) {
    t.equal(routeOf(together(gateway(server(hosts)), routing('x', HOST))), expected, hosts)
  }
  t.equal(
    routeOf(together(gateway(server('"./*"')), routing('x', HOST, '', 'namespace: ingress'))),
    'x',
    'own namespace'
  )
})

t.test('routes of one domain are merged, the oldest first and catch-alls last', async t => {
  const g = gateway(server('"*"'))
  for (const [name, yaml, path, expected] of [
    [
      'conditions of the oldest',
      together(
        routing('x', HOST, 'match: [{ uri: { prefix: /a } }],', at(2)),
        routing('y', HOST, 'match: [{ uri: { prefix: /a } }],', at(1))
      ),
      '/a',
      'y'
    ],
    [
      'private ones before older ones',
      together(
        virtualService('x', `exportTo: [.], hosts: [${HOST}], http: [${to('x')}]`, at(2, 'ingress')),
        routing('y', HOST, '', at(1))
      ),
      '/',
      'x'
    ],
    [
      'conditions of a younger one before a catch-all',
      together(routing('x', HOST, '', at(1)), routing('y', HOST, 'match: [{ uri: { prefix: /a } }],', at(2))),
      '/a',
      'y'
    ],
    [
      'a catch-all for other requests',
      together(routing('x', HOST, '', at(1)), routing('y', HOST, 'match: [{ uri: { prefix: /a } }],', at(2))),
      '/b',
      'x'
    ],
    [
      'only those of the most specific domain',
      together(
        routing('x', '"*.example.com"', '', at(1)),
        routing('y', HOST, 'match: [{ uri: { prefix: /a } }],', at(2))
      ),
      '/b',
      undefined
    ],
    [
      'longer wildcards',
      together(routing('x', '"*.com"', '', at(1)), routing('y', '"*.example.com"', '', at(2))),
      '/',
      'y'
    ]
  ] as const) {
    t.equal(routeOf(together(g, yaml), { path }), expected, name)
  }
  t.equal(
    routeOf(
      together(gateway(server(`"${HOST}"`)), routing('x', '"*.example.com"', '', at(1)), routing('y', HOST, '', at(2)))
    ),
    'x',
    'a server with one host has one domain for wildcards and the host'
  )
  t.equal(
    routeOf(
      together(
        gateway(`${server(`"*.example.com"`)}, ${server(`"${HOST}"`)}`),
        routing('x', '"*.example.com"', 'match: [{ uri: { prefix: /a } }],')
      ),
      { path: '/b' }
    ),
    undefined,
    'several servers'
  )
})

t.test('a server that requires TLS redirects', async t => {
  const redirecting = (hosts: string) => server(hosts, ', tls: { httpsRedirect: true }')
  for (const [name, servers, expected] of [
    ['all its hosts', redirecting(`"${HOST}"`), undefined],
    ['the hosts of VirtualServices within its own', redirecting('"*"'), undefined],
    ['hosts of another server too', `${server('"*"')}, ${redirecting('"*"')}`, undefined],
    ['hosts of a later server', `${redirecting('"*"')}, ${server('"*"')}`, undefined],
    ['only its hosts', `${server('"*"')}, ${redirecting('"b.example.com"')}`, 'x'],
    ['no wildcard around a host that another server routes', `${server(`"${HOST}"`)}, ${redirecting('"*.org"')}`, 'x']
  ] as const) {
    t.equal(routeOf(together(gateway(servers), routing('x', HOST))), expected, name)
  }
  t.equal(routeOf(gateway(redirecting('"*"'))), undefined, 'hosts without a VirtualService')
})

t.test('Gateways that share a port have the routes of each', async t => {
  const both = together(gateway(server('"b.example.com"'), 'other', 1), gateway(server('"*"'), 'g', 2))
  t.equal(routeOf(together(both, routing('x', HOST))), 'x')
  t.equal(routeOf(together(both, routing('x', 'b.example.com')), { host: 'b.example.com' }), 'x')
})

t.test('the scheme of a request follows from its connection, unless another proxy can have sent it', async t => {
  const tls = (mode: string) =>
    `{ port: { number: 443, name: s, protocol: HTTPS }, hosts: ["*"], tls: { mode: ${mode} } }`
  const plain = server('"*"')
  const https = routing('x', HOST, 'match: [{ scheme: { exact: https } }],')
  for (const [name, servers, sent, expected] of [
    ['plaintext', plain, undefined, undefined],
    ['TLS', tls('SIMPLE'), undefined, 'https'],
    ['TLS with client certificates', tls('MUTUAL'), undefined, 'https'],
    ['mTLS of the mesh', tls('ISTIO_MUTUAL'), undefined, 'uncertain'],
    ['plaintext behind TLS', plain, 'https', 'uncertain'],
    ['plaintext behind an unknown scheme', plain, 'unknown', 'uncertain']
  ] as const) {
    const port = servers === plain ? 80 : 443
    const routed = routedBy(together(gateway(servers), https), { port, scheme: sent })
    const forwarded = routed?.is === 'forwarded' ? routed.destinations[0]?.call.scheme : undefined
    t.equal(routed?.isUncertain ? 'uncertain' : forwarded, expected, name)
  }
})
