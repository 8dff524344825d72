import t from 'tap'
import {
  delegateOf,
  gatewaysOf,
  httpRoutesOf,
  isExportedTo,
  type VirtualService,
  visibleTo
} from '../../src/istio/virtual-service.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { configMap, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const virtualService = (name: string, spec: string, metadata = 'namespace: user1') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, ${metadata} }
spec: ${spec}
`
const found = (state: Snapshot, name: string, namespace = 'user1') =>
  state.get('VirtualService', namespace, name) as VirtualService

t.test('gateways are named with or without their namespace', async t => {
  for (const [gateways, expected] of [
    ['[]', ['mesh']],
    ['[mesh]', ['mesh']],
    ['[a]', ['user1/a']],
    ['[./a]', ['user1/a']],
    ['[other/a]', ['other/a']],
    ['[a.other]', ['other/a']],
    ['[a.other.svc.cluster.local]', ['other/a']]
  ] as const) {
    const state = stateOf(virtualService('a', `{ hosts: [a], gateways: ${gateways} }`))
    t.same([...gatewaysOf(found(state, 'a'))], expected, gateways)
  }
})

t.test('exportTo decides which namespaces see a VirtualService', async t => {
  const mesh = (exportTo: string) =>
    configMap('istio-system', 'istio', { mesh: `defaultVirtualServiceExportTo: [${exportTo}]` })
  for (const [name, exportTo, others, expected] of [
    ['absent: all namespaces', '', '', [true, true]],
    ['absent: default of the mesh', '', mesh('.'), [true, false]],
    ['a value overrides the default of the mesh', 'exportTo: ["*"],', mesh('.'), [true, true]],
    ['own namespace', 'exportTo: [.],', '', [true, false]],
    ['another namespace by name', 'exportTo: [user2],', '', [false, true]],
    ['no namespace', 'exportTo: ["~"],', '', [false, false]],
    ['no namespace takes precedence over names', 'exportTo: ["~", user2],', '', [false, false]],
    ['all namespaces take precedence over none', 'exportTo: ["~", "*"],', '', [true, true]]
  ] as const) {
    const state = stateOf(
      together(virtualService('a', `{ ${exportTo} hosts: [a] }`), others || virtualService('b', '{}'))
    )
    t.same(
      ['user1', 'user2'].map(namespace => isExportedTo(state, found(state, 'a'), namespace)),
      expected,
      name
    )
  }
})

t.test('private VirtualServices precede those exported by name, then public ones, each the oldest first', async t => {
  const at = (day: number, namespace: string) =>
    `namespace: ${namespace}, creationTimestamp: "2026-01-0${day}T00:00:00Z"`
  const state = stateOf(
    together(
      virtualService('public', '{ hosts: [a] }', at(1, 'other')),
      virtualService('public-new', '{ hosts: [a] }', at(5, 'user1')),
      virtualService('named', '{ hosts: [a], exportTo: [user1] }', at(3, 'other')),
      virtualService('named-old', '{ hosts: [a], exportTo: [user1] }', at(2, 'other')),
      virtualService('own', '{ hosts: [a], exportTo: [.] }', at(6, 'user1')),
      virtualService('own-named', '{ hosts: [a], exportTo: [user1] }', at(7, 'user1')),
      virtualService('hidden', '{ hosts: [a], exportTo: [.] }', at(1, 'other'))
    )
  )
  t.same(
    visibleTo(state, state.list('VirtualService'), 'user1').map(({ name }) => name),
    ['own', 'own-named', 'named-old', 'named', 'public', 'public-new']
  )
})

t.test('routes of a delegate', async t => {
  const root = (route: string) =>
    virtualService('root', `{ hosts: [a], http: [{ ${route} }, { route: [{ destination: { host: last } }] }] }`)
  const leaf = (spec: string, namespace = 'user1') => virtualService('leaf', spec, `namespace: ${namespace}`)
  const to = (host: string) => `route: [{ destination: { host: ${host} } }]`
  for (const [name, yaml, hosts] of [
    [
      'take its place',
      together(root('delegate: { name: leaf }'), leaf(`{ http: [{ ${to('b')} }] }`)),
      ['b.user1', 'last.user1']
    ],
    [
      'have short names of its namespace',
      together(root('delegate: { name: leaf, namespace: other }'), leaf(`{ http: [{ ${to('b')} }] }`, 'other')),
      ['b.other', 'last.user1']
    ],
    ['are none if it does not exist', root('delegate: { name: leaf }'), ['last.user1']],
    ['are none if no delegate is named', root('delegate: {}'), ['last.user1']],
    [
      'are none if it has hosts',
      together(root('delegate: { name: leaf }'), leaf(`{ hosts: [b], http: [{ ${to('b')} }] }`)),
      ['last.user1']
    ],
    [
      'are none if it is not exported to the namespace of the root',
      together(
        root('delegate: { name: leaf, namespace: other }'),
        leaf(`{ exportTo: [.], http: [{ ${to('b')} }] }`, 'other')
      ),
      ['last.user1']
    ],
    ['are none if it has none', together(root('delegate: { name: leaf }'), leaf('{}')), ['last.user1']],
    [
      'do not delegate again',
      together(root('delegate: { name: leaf }'), leaf(`{ http: [{ delegate: { name: leaf } }, { ${to('b')} }] }`)),
      ['b.user1', 'last.user1']
    ]
  ] as const) {
    const state = stateOf(yaml)
    t.same(
      httpRoutesOf(state, found(state, 'root')).map(({ route }) => route?.[0]?.destination.host),
      hosts.map(host => `${host}.svc.cluster.local`),
      name
    )
  }
  t.same(httpRoutesOf(stateOf(''), found(stateOf(root('')), 'root')).length, 2, 'without a delegate')
  t.equal(delegateOf(stateOf(''), found(stateOf(root('')), 'root'), {}), undefined, 'no delegate')
  const bare = stateOf(virtualService('root', '{ hosts: [a] }'))
  t.same(httpRoutesOf(bare, found(bare, 'root')), [], 'no HTTP routes')
})

const delegated = (rootRoute: string, leafRoute: string, namespace = 'user1') => {
  const state = stateOf(
    together(
      virtualService(
        'root',
        `{ hosts: [a], http: [{ delegate: { name: leaf, namespace: ${namespace} }, ${rootRoute} }] }`
      ),
      virtualService('leaf', `{ http: [{ ${leafRoute} }] }`, `namespace: ${namespace}`)
    )
  )
  const routes = httpRoutesOf(state, found(state, 'root'))
  return routes.map(one => JSON.parse(JSON.stringify(one)))
}

t.test('a delegate inherits what it does not set', async t => {
  const root = 'rewrite: { uri: /root }, headers: { request: { set: { x: root } } }'
  const [own] = delegated(root, 'rewrite: { uri: /leaf }')
  t.match(own, { rewrite: { uri: '/leaf' }, headers: { request: { set: { x: 'root' } } }, delegate: undefined })
  t.same(delegated('', 'match: [{ port: 80 }]')[0].match, [{ port: 80 }])
  t.same(delegated('match: [{ port: 80 }]', '')[0].match, [{ port: 80 }])
})

t.test('conditions of root and delegate are merged', async t => {
  const rest = { headers: {}, withoutHeaders: {}, queryParams: {}, sourceLabels: {} }
  for (const [name, roots, leaves, expected] of [
    [
      'different fields',
      '[{ port: 80 }]',
      '[{ method: { exact: GET } }]',
      [{ ...rest, port: 80, method: { exact: 'GET' } }]
    ],
    ['port 0 is absent', '[{ port: 80 }]', '[{ port: 0 }]', [{ ...rest, port: 80 }]],
    [
      'keys of maps',
      '[{ headers: { a: { exact: x } }, sourceLabels: { a: b } }]',
      '[{ headers: { b: { exact: y } }, sourceLabels: { c: d } }]',
      [{ ...rest, headers: { a: { exact: 'x' }, b: { exact: 'y' } }, sourceLabels: { a: 'b', c: 'd' } }]
    ],
    [
      'each condition of the delegate with each of the root that it does not exclude',
      '[{ uri: { prefix: /a } }, { uri: { prefix: /a/b } }]',
      '[{ uri: { prefix: /a/b/c } }, { uri: { exact: /a } }]',
      [
        { ...rest, uri: { prefix: '/a/b/c' } },
        { ...rest, uri: { prefix: '/a/b/c' } },
        { ...rest, uri: { exact: '/a' } }
      ]
    ],
    [
      'gateways of the root',
      '[{ gateways: [g, h] }]',
      '[{ gateways: [] }]',
      [{ ...rest, gateways: ['user1/g', 'user1/h'] }]
    ],
    ['fewer gateways', '[{ gateways: [g, h] }]', '[{ gateways: [user1/g] }]', [{ ...rest, gateways: ['user1/g'] }]]
  ] as const) {
    t.same(delegated(`match: ${roots}`, `match: ${leaves}`)[0]?.match, expected, name)
  }
})

t.test('a delegated route is dropped if a condition excludes all of its root', async t => {
  for (const [roots, leaves, isDropped] of [
    ['uri: { exact: /a }', 'uri: { exact: /a }', false],
    ['uri: { exact: /a }', 'uri: { exact: /b }', true],
    ['uri: { exact: /a }', 'uri: { prefix: /a }', true],
    ['uri: { prefix: /a }', 'uri: { prefix: /a/b }', false],
    ['uri: { prefix: /a/b }', 'uri: { prefix: /a }', true],
    ['uri: { prefix: /a }', 'uri: { exact: /a/b }', false],
    ['uri: { prefix: /a }', 'uri: { exact: /b }', true],
    ['uri: { prefix: /a }', 'uri: { regex: /a.* }', true],
    ['uri: { regex: /a.* }', 'uri: { exact: /a }', true],
    ['uri: { regex: /a.* }', 'uri: { regex: /a.* }', true],
    ['uri: { regex: /a.* }', 'port: 80', false],
    ['port: 80', 'uri: { regex: /a.* }', false],
    ['headers: { a: { exact: x } }', 'headers: { a: { exact: y } }', true],
    ['headers: { a: { exact: x } }', 'headers: { b: { exact: y } }', false],
    ['headers: { a: { exact: x } }', 'headers: { a: null }', false],
    ['withoutHeaders: { a: { exact: x } }', 'withoutHeaders: { a: { exact: y } }', true],
    ['queryParams: { a: { exact: x } }', 'queryParams: { a: { exact: y } }', true],
    ['ignoreUriCase: true', 'port: 80', true],
    ['ignoreUriCase: true', 'ignoreUriCase: true', false],
    ['port: 80', 'port: 81', true],
    ['sourceNamespace: user1', 'port: 80', true],
    ['sourceNamespace: user1', 'sourceNamespace: user1', false],
    ['port: 80', 'sourceNamespace: user1', false],
    ['sourceLabels: { a: b }', 'sourceLabels: { a: c }', true],
    ['sourceLabels: { a: b }', 'sourceLabels: { c: d }', false],
    ['gateways: [g]', 'gateways: [h]', true],
    ['gateways: [g]', 'port: 80', false],
    ['gateways: [g]', 'gateways: [user1/g]', false],
    ['port: 80', 'gateways: [g]', false]
  ] as const) {
    const routes = delegated(`match: [{ ${roots} }]`, `match: [{ ${leaves} }]`)
    t.equal(routes.length, isDropped ? 0 : 1, `${roots} and ${leaves}`)
  }
  t.equal(
    delegated('match: [{ port: 80 }]', 'match: [{ method: { exact: GET } }, { port: 81 }]').length,
    0,
    'one of several conditions'
  )
  t.equal(delegated('match: [{ gateways: [g] }]', 'match: [{ gateways: [g] }]', 'other').length, 0, 'other namespace')
})
