import t from 'tap'
import { firstMatch, isCatchAllRoute, routesFor } from '../../src/istio/route.ts'
import type { VirtualService } from '../../src/istio/virtual-service.ts'
import { stateOf } from '../support/snapshot.ts'
import { request } from '../support/workload.ts'

const PROXY = { namespace: 'user1', labels: {}, gateway: 'mesh', port: 8080 }

/** Routes of a VirtualService for sidecars in user1. */
function routesOf(http: string) {
  const state = stateOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespace: user1 }
spec: { hosts: [a], http: ${http} }
`)
  return routesFor(state, state.get('VirtualService', 'user1', 'a') as VirtualService, PROXY)
}

const route = (host: string, more = '') => `{ ${more} route: [{ destination: { host: ${host} } }] }`

t.test('a proxy has the routes of its conditions, up to the first catch-all', async t => {
  const hosts = (...http: readonly string[]) =>
    routesOf(`[${http.join(', ')}]`).map(one => one.route.route?.[0]?.destination.host.split('.')[0])
  t.same(hosts(route('a'), route('b')), ['a'], 'without a condition')
  t.same(hosts(route('a', 'match: [],'), route('b')), ['a'], 'without conditions')
  t.same(hosts(route('a', 'match: [{ uri: { prefix: / } }],'), route('b')), ['a'], 'a condition that all requests meet')
  t.same(hosts(route('a', 'match: [{ uri: { prefix: /a } }],'), route('b')), ['a', 'b'], 'another condition')
  t.same(hosts(route('a', 'match: [{ port: 80 }],'), route('b')), ['b'], 'conditions for another port')
  t.same(
    hosts(route('a', 'match: [{ uri: { exact: /a } }, { uri: { exact: /b } }, { port: 80 }],'), route('b')),
    ['a', 'a', 'b'],
    'each condition is a route'
  )
  t.same(hosts(route('a', 'match: [{ gateways: [g] }],')), [], 'conditions for a gateway')
  t.ok(routesOf(`[${route('a')}]`).every(isCatchAllRoute))
})

const CALL = request({
  host: 'a.user1.svc.cluster.local',
  path: '/v1/models/a:predict',
  headers: { 'kserve-isvc-name': 'a' }
})

/** What becomes of a request: `answer`, or the destinations. */
function outcomeOf(http: string, call: Partial<typeof CALL> = {}) {
  const routed = firstMatch(routesOf(http), { ...CALL, ...call })
  if (routed === undefined) return undefined
  return routed.is === 'answered' ? routed.by : routed.destinations
}

t.test('the first route that matches decides', async t => {
  const first = (http: string) => outcomeOf(http)?.[0]
  t.match(first(`[${route('x', 'match: [{ uri: { exact: /x } }],')}, ${route('y')}]`), {
    host: 'y.user1.svc.cluster.local'
  })
  t.match(first(`[${route('x', 'match: [{ uri: { prefix: /v1 } }],')}, ${route('y')}]`), {
    host: 'x.user1.svc.cluster.local'
  })
  t.equal(outcomeOf(`[${route('x', 'match: [{ uri: { exact: /x } }],')}]`), undefined, 'none matches')
})

t.test('a route answers itself', async t => {
  for (const [name, action, expected] of [
    ['redirect', 'redirect: { uri: / }', 'redirect'],
    ['direct response', 'directResponse: { status: 503 }', 'direct response'],
    ['fault for all requests', 'fault: { abort: { httpStatus: 503, percentage: { value: 100 } } }', 'fault']
  ] as const) {
    t.equal(outcomeOf(`[{ ${action}, route: [{ destination: { host: x } }] }]`), expected, name)
  }
  for (const [name, action] of [
    ['fault for some requests', 'fault: { abort: { httpStatus: 503, percentage: { value: 99.9 } } }'],
    ['fault for no requests', 'fault: { abort: { httpStatus: 503 } }'],
    ['delay', 'fault: { delay: { fixedDelay: 5s, percentage: { value: 100 } } }']
  ] as const) {
    t.match(outcomeOf(`[{ ${action}, route: [{ destination: { host: x } }] }]`), [{ subset: undefined }], name)
  }
})

t.test('destinations', async t => {
  const one = '{ destination: { host: x, port: { number: 81 }, subset: v1 }, weight: 0 }'
  t.match(outcomeOf(`[{ route: [${one}] }]`), [
    { host: 'x.user1.svc.cluster.local', port: 81, subset: 'v1', listenerPort: 8080 }
  ])
  t.match(outcomeOf(`[{ route: [{ destination: { host: x.other } }] }]`), [{ host: 'x.other', port: undefined }])
  const hosts = (weights: readonly string[]) => {
    const destinations = weights.map((weight, at) => `{ destination: { host: d${at}, port: {} }, ${weight} }`)
    const outcome = outcomeOf(`[{ route: [${destinations.join(', ')}] }]`)
    return Array.isArray(outcome) ? outcome.map(({ host }) => host.split('.')[0]) : outcome
  }
  t.same(hosts(['weight: 0']), ['d0'], 'the weight of a single destination is ignored')
  t.same(hosts(['weight: 0', 'weight: 100', '']), ['d1'], 'others have a weight')
  t.same(outcomeOf('[{}]'), [], 'none')
})

/** First destination's request after a route. */
function sentBy(action: string, call: Partial<typeof CALL> = {}) {
  const outcome = outcomeOf(`[{ ${action} }]`, call)
  const [first] = Array.isArray(outcome) ? outcome : []
  return first?.call
}

const TO = 'route: [{ destination: { host: x } }]'

t.test('a route rewrites the path', async t => {
  for (const [name, action, call, expected] of [
    ['no rewrite', TO, {}, '/v1/models/a:predict'],
    ['an empty rewrite', `rewrite: { uri: "" }, ${TO}`, {}, '/v1/models/a:predict'],
    ['prefix', `match: [{ uri: { prefix: /v1/ } }], rewrite: { uri: /v2/ }, ${TO}`, {}, '/v2/models/a:predict'],
    ['without a condition, the first slash', `rewrite: { uri: /x/ }, ${TO}`, {}, '/x/v1/models/a:predict'],
    ['exact path', `match: [{ uri: { exact: "/v1/models/a:predict" } }], rewrite: { uri: /x }, ${TO}`, {}, '/x'],
    ['regular expression: all of it', `match: [{ uri: { regex: "/v1/.*" } }], rewrite: { uri: /x }, ${TO}`, {}, '/x'],
    [
      'regular expression with groups',
      `rewrite: { uriRegexRewrite: { match: "^/v1/(models)/(.*)$", rewrite: '/\\2/\\1' } }, ${TO}`,
      {},
      '/a:predict/models'
    ],
    ['regular expression without text', `rewrite: { uriRegexRewrite: {} }, ${TO}`, { path: '' }, ''],
    ['the path is not known', `rewrite: { uri: /x }, ${TO}`, { path: undefined }, undefined],
    [
      'regular expression, the path is not known',
      `rewrite: { uriRegexRewrite: { match: a, rewrite: b } }, ${TO}`,
      { path: undefined },
      undefined
    ]
  ] as const) {
    t.equal(sentBy(action, call)?.path, expected, name)
  }
  const below = { path: undefined, pathPrefix: '/serving/a/' }
  const prefix = `match: [{ uri: { prefix: /serving/a/ } }], rewrite: { uri: / }, ${TO}`
  t.equal(sentBy(prefix, below)?.pathPrefix, '/', 'beginning of the path')
})

t.test('a route rewrites the host', async t => {
  const set = (name: string, host: string) => `headers: { request: { set: { ${name}: ${host} } } }`
  for (const [name, action, expected] of [
    ['no rewrite', TO, CALL.host],
    ['authority', `rewrite: { authority: b }, ${TO}`, 'b'],
    ['an empty authority', `rewrite: { authority: "" }, ${TO}`, CALL.host],
    ['header Host', `${set('Host', 'b')}, ${TO}`, 'b'],
    ['header :authority', `${set('":authority"', 'b')}, ${TO}`, 'b'],
    ['added header', `headers: { request: { add: { host: b } } }, ${TO}`, 'b'],
    ['set before added', `headers: { request: { add: { host: b }, set: { host: c } } }, ${TO}`, 'c'],
    ['authority before headers', `rewrite: { authority: b }, ${set('Host', 'c')}, ${TO}`, 'b'],
    ['header of the destination', `route: [{ destination: { host: x }, ${set('host', 'b')} }]`, 'b'],
    ['of the route before that', `${set('host', 'c')}, route: [{ destination: { host: x }, ${set('host', 'b')} }]`, 'c']
  ] as const) {
    t.equal(sentBy(action)?.host, expected, name)
  }
})

t.test('a route changes headers', async t => {
  const request = (operations: string) => `headers: { request: { ${operations} } }`
  const single = (own: string) => `route: [{ destination: { host: x }, ${own} }]`
  const weighted = (own: string) =>
    `route: [{ destination: { host: x }, weight: 50, ${own} }, { destination: { host: y }, weight: 50 }]`
  const known = { 'kserve-isvc-name': 'a' }
  for (const [name, action, expected] of [
    ['none', TO, known],
    ['only of the response', `headers: { response: { set: { a: b } } }, ${TO}`, known],
    ['set', `${request('set: { KServe-Isvc-Name: b, x: y }')}, ${TO}`, { 'kserve-isvc-name': 'b', x: 'y' }],
    ['add', `${request('add: { KServe-Isvc-Name: b, x: y }')}, ${TO}`, { 'kserve-isvc-name': 'a,b', x: 'y' }],
    ['set, then add', `${request('set: { x: y }, add: { x: z }')}, ${TO}`, { ...known, x: 'y,z' }],
    ['remove', `${request('remove: [KServe-Isvc-Name]')}, ${TO}`, {}],
    ['remove, then set', `${request('set: { x: y }, remove: [x]')}, ${TO}`, { ...known, x: 'y' }],
    ['Host and pseudo-headers are no headers', `${request('set: { Host: b, ":path": /x }')}, ${TO}`, known],
    [
      'of a single destination after those of the route',
      `${request('set: { x: route }')}, ${single(request('set: { x: own }'))}`,
      { ...known, x: 'own' }
    ],
    [
      'a single destination removes before the route adds',
      `${request('set: { x: route }')}, ${single(request('remove: [x]'))}`,
      { ...known, x: 'route' }
    ],
    [
      'of a weighted destination before those of the route',
      `${request('set: { x: route }')}, ${weighted(request('set: { x: own, y: own }'))}`,
      { ...known, x: 'route', y: 'own' }
    ]
  ] as const) {
    t.same(sentBy(action)?.headers, expected, name)
  }
})
