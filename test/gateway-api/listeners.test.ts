import t from 'tap'
import { isParent, refusalOf } from '../../src/gateway-api/listeners.ts'
import type { ResourceOf } from '../../src/state/resource.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const gateway = (listener: string, protocol = 'HTTP') =>
  resourceOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { namespace: kserve, name: public }
spec: { gatewayClassName: istio, listeners: [{ name: http, port: 80, protocol: ${protocol}, ${listener} }] }
`) as ResourceOf<'KubernetesGateway'>
const httpRoute = (parent: string, hostnames = '', namespace = 'user1', of = 'kserve') =>
  resourceOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: ${namespace}, name: iris }
spec: { parentRefs: [{ namespace: ${of}, name: public, ${parent} }], hostnames: [${hostnames}] }
`) as ResourceOf<'HTTPRoute'>

const ALL = 'allowedRoutes: { namespaces: { from: All } }'
const selector = (labels: string) =>
  `allowedRoutes: { namespaces: { from: Selector, selector: { matchLabels: { ${labels} } } } }`

/** By test name: listener, route, and the refusal. */
const TABLE: Readonly<Record<string, readonly [string, ResourceOf<'HTTPRoute'>, string | undefined]>> = {
  'every namespace': [ALL, httpRoute(''), undefined],
  'only its own namespace, by default': ['', httpRoute(''), 'namespace'],
  'a route in its own namespace': ['', httpRoute('', '', 'kserve'), undefined],
  'no namespace': ['allowedRoutes: { namespaces: { from: None } }', httpRoute('', '', 'kserve'), 'namespace'],
  'a namespace by its name': [selector('kubernetes.io/metadata.name: user1'), httpRoute(''), undefined],
  'a namespace by a label': [selector('istio-injection: enabled'), httpRoute(''), undefined],
  'a namespace without the label': [selector('models: "true"'), httpRoute(''), 'namespace'],
  'a namespace that does not exist': [selector('models: "true"'), httpRoute('', '', 'gone'), 'namespace'],
  'Selector without a selector': ['allowedRoutes: { namespaces: { from: Selector } }', httpRoute(''), 'namespace'],
  'other kinds': ['allowedRoutes: { namespaces: { from: All }, kinds: [{ kind: GRPCRoute }] }', httpRoute(''), 'kind'],
  'its kind': ['allowedRoutes: { namespaces: { from: All }, kinds: [{ kind: HTTPRoute }] }', httpRoute(''), undefined],
  'another section': [ALL, httpRoute('sectionName: https'), 'section'],
  'its section': [ALL, httpRoute('sectionName: http'), undefined],
  'another port': [ALL, httpRoute('port: 443'), 'section'],
  'a host that it covers': [`${ALL}, hostname: "*.example.com"`, httpRoute('', 'iris.example.com'), undefined],
  'a wildcard that covers its host': [
    `${ALL}, hostname: iris.example.com`,
    httpRoute('', '"*.example.com"'),
    undefined
  ],
  'a wider wildcard': [`${ALL}, hostname: "*.a.example.com"`, httpRoute('', '"*.example.com"'), undefined],
  'another host': [`${ALL}, hostname: "*.example.org"`, httpRoute('', 'iris.example.com'), 'hostname']
}

for (const [name, [listener, route, expected]] of Object.entries(TABLE)) {
  t.test(`listener and route: ${name}`, async t => {
    const one = gateway(listener)
    const [first] = one.spec.listeners
    const [parent] = route.spec.parentRefs
    if (first === undefined || parent === undefined) throw new Error('no listener or no parent')
    t.equal(refusalOf(stockWith(), one, first, route, parent), expected)
  })
}

t.test('a listener for TLS accepts no HTTPRoute', async t => {
  const one = gateway(ALL, 'TLS')
  const route = httpRoute('')
  t.same(
    one.spec.listeners.map(listener => refusalOf(stockWith(), one, listener, route, { name: 'public' } as never)),
    ['protocol']
  )
})

t.test('a route names its parent by group, kind, namespace and name', async t => {
  const isParentOf = (parent: string, of?: string) => {
    const route = httpRoute(parent, '', 'user1', of)
    const [first] = route.spec.parentRefs
    return first !== undefined && isParent(gateway(''), route, first)
  }
  t.ok(isParentOf(''))
  t.ok(isParentOf('group: gateway.networking.k8s.io, kind: Gateway'))
  t.notOk(isParentOf('kind: Service'))
  t.notOk(isParentOf('group: ""'))
  t.notOk(isParentOf('', 'user1'), 'another namespace')
  t.notOk(isParentOf('', 'null'), 'the namespace of the route by default')
})
