import t from 'tap'
import { PREFIXES_LAST } from '../../src/gateway-api/route-match.ts'
import { entriesOf, routesFor, selectRoutes } from '../../src/gateway-api/route-table.ts'
import type { Call } from '../../src/istio/request.ts'
import type { ResourceOf } from '../../src/state/resource.ts'
import { resourceOf } from '../support/snapshot.ts'

const CALL: Call = {
  host: 'iris.example.com',
  path: '/v1/models/iris:predict',
  method: 'POST',
  token: undefined,
  headers: { team: 'blue' },
  headersComplete: false
}

/** HTTPRoute with one rule for each match, whose backend is named by its position. */
function httpRoute(name: string, matches: readonly string[], hostnames = 'iris.example.com', created = '2026-01-01') {
  const rules = matches.map((match, i) => `{ matches: [${match}], backendRefs: [{ name: ${name}-${i}, port: 80 }] }`)
  return resourceOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: user1, name: ${name}, creationTimestamp: "${created}T00:00:00Z" }
spec: { hostnames: [${hostnames}], rules: [${rules.join()}] }
`) as ResourceOf<'HTTPRoute'>
}

const prefix = (value: string) => `{ path: { type: PathPrefix, value: ${value} } }`
const exact = (value: string) => `{ path: { type: Exact, value: "${value}" } }`
const regex = (value: string) => `{ path: { type: RegularExpression, value: '${value}' } }`
const route = (...matches: readonly string[]) => [httpRoute('a', matches)]

/** Names of the backends of the selected rules; `...` if the request may match no rule. */
function selected(objects: Parameters<typeof selectRoutes>[0], call: Partial<Call> = {}, types?: readonly string[]) {
  const { entries, isComplete } = selectRoutes(objects, { ...CALL, ...call }, types)
  return [...entries.map(({ backends }) => backends.map(({ name }) => name).join()), ...(isComplete ? [] : ['...'])]
}

t.test('the first match by precedence', async t => {
  t.same(selected(route('{}')), ['a-0'], 'no condition')
  t.same(selected([httpRoute('a', [''])]), ['a-0'], 'no match')
  t.same(selected(route('{}', '{}')), ['a-0'], 'first rule')
  t.same(selected(route(prefix('/'), prefix('/v1'))), ['a-1'], 'longest prefix')
  t.same(selected(route(prefix('/v1'), exact('/v1/models/iris:predict'))), ['a-1'], 'exact path')
  t.same(selected(route(prefix('/v1/mod'), prefix('/v1/'))), ['a-1'], 'prefixes end with an element')
  t.same(selected(route(exact('/v1'))), ['...'], 'another path')
  t.same(selected(route('{ method: GET }', '{}')), ['a-1'], 'another method')
  t.same(selected(route('{}', '{ method: POST }')), ['a-1'], 'method before none')
  t.same(selected(route('{ queryParams: [{ name: a, value: b }] }', '{}')), ['a-1'], 'requests have no query')
})

t.test('headers that are not known may match', async t => {
  const header = (name: string, value: string, type = 'Exact') =>
    `{ headers: [{ type: ${type}, name: ${name}, value: ${value} }] }`
  t.same(selected(route(header('Team', 'blue'))), ['a-0'], 'known header')
  t.same(selected(route(header('team', 'red'), '{}')), ['a-1'], 'another value')
  t.same(selected(route(header('team', 'b.*', 'RegularExpression'), '{}')), ['a-0', 'a-1'], 'expression')
  t.same(selected(route(header('x', 'y'), '{}')), ['a-0', 'a-1'], 'unknown header')
  t.same(selected(route(header('x', 'y'), '{}'), { headersComplete: true }), ['a-1'], 'absent header')
  t.same(selected(route(header('toString', 'y'))), ['a-0', '...'], 'inherited name')
})

t.test('paths that are not known may match', async t => {
  const unknown = { path: undefined }
  t.same(selected(route(prefix('/')), unknown), ['a-0'])
  t.same(selected(route(regex('^/.*$')), unknown), ['a-0'])
  t.same(selected(route(prefix('/v1'), prefix('/')), unknown), ['a-0', 'a-1'])
  t.same(selected(route(regex('/v1/.*'), prefix('/')), unknown), ['a-1'], 'tried after the prefix')
  t.same(selected(route(regex('^/v1/models/[\\w-]+:explain$'), regex('^/.*$')), unknown), ['a-1'], 'no explanation')
})

t.test('implementations differ in the order of expressions', async t => {
  const both = route(prefix('/'), regex('^/.*$'))
  t.same(selected(both), ['a-0'])
  t.same(selected(both, {}, PREFIXES_LAST), ['a-1'])
})

t.test('the most specific host, then the oldest object', async t => {
  const all = (name: string, hosts: string, created?: string) => httpRoute(name, [prefix('/')], hosts, created)
  t.same(selected([all('a', ''), all('b', '"*.example.com"'), all('c', 'iris.example.com')]), ['c-0'])
  t.same(selected([all('a', ''), all('b', '"*.example.com"')]), ['b-0'])
  t.same(selected([all('a', '', '2026-01-02'), all('b', '', '2026-01-01')]), ['b-0'])
  t.same(selected([all('a', 'wine.example.com')]), ['...'])
  t.same(selected([httpRoute('a', [exact('/v2')]), all('b', '"*.example.com"')]), ['...'], 'no other virtual host')
})

t.test('backends of weight 0 get no requests, others than Services are not modeled', async t => {
  const entries = (backends: string) =>
    entriesOf(
      resourceOf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: user1, name: a }
spec: { rules: [{ backendRefs: [${backends}] }] }
`) as ResourceOf<'HTTPRoute'>
    ).map(({ backends, unknownReason }) => unknownReason ?? backends.map(({ name }) => name).join())
  t.same(entries('{ name: a, weight: 0 }, { name: b }'), ['b'])
  t.same(entries('{ name: a, kind: InferencePool, group: x }'), [
    'backend InferencePool of HTTPRoute user1/a is not modeled'
  ])
  t.same(entries('{ name: a, filters: [{ type: CORS }] }'), ['a'])
  t.same(entries('{ name: a, filters: [{ type: CORS }] }, { name: b }'), [
    'filters of single backends of HTTPRoute user1/a are not modeled'
  ])
  t.same(
    entriesOf(
      resourceOf('{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: a } }') as never
    ),
    []
  )
})

t.test('an Ingress routes by host and path', async t => {
  const ingress = (
    host: string,
    path: string,
    pathType?: string,
    backend = 'service: { name: a, port: { number: 80 } }'
  ) =>
    resourceOf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { namespace: user1, name: iris }
spec: { rules: [{ host: ${host}, http: { paths: [{ path: ${path}, pathType: ${pathType}, backend: { ${backend} } }] } }, {}] }
`) as ResourceOf<'Ingress'>
  t.same(selected([ingress('iris.example.com', '/', 'Prefix')]), ['a'])
  t.same(selected([ingress('"*.example.com"', '/v1', 'Prefix')]), ['a'])
  t.same(selected([ingress('', '/v1/models', 'Prefix')]), ['a'], 'every host')
  t.same(selected([ingress('iris.example.com', '/v1', 'Exact')]), ['...'])
  t.same(selected([ingress('iris.example.com', '/v1/models/.*', 'ImplementationSpecific')]), ['a'])
  t.same(selected([ingress('iris.example.com', '/v1/models', 'ImplementationSpecific')]), ['...'])
  t.same(selected([ingress('iris.example.com', 'null', 'null')]), ['a'])
  t.match(entriesOf(ingress('', '/', 'Prefix', 'resource: {}')), [
    { unknownReason: 'a backend of Ingress user1/iris is not modeled' }
  ])
  t.match(entriesOf(ingress('', '/', 'Prefix', 'service: { name: a, port: { name: http } }')), [
    { field: 'spec.rules[0].http.paths[0]', backends: [{ namespace: 'user1', name: 'a', port: 'http' }] }
  ])
  t.same(
    entriesOf(resourceOf('{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: a } }') as never),
    []
  )
})

t.test('objects are found by their hosts', async t => {
  const objects = [
    httpRoute('a', ['{}'], 'iris.example.com, wine.example.com'),
    httpRoute('b', ['{}'], '"*.example.com"'),
    httpRoute('c', ['{}'], '"*.example.org"')
  ]
  const found = (host: string) => routesFor(objects, host).map(({ name }) => name)
  t.same(found('iris.example.com'), ['a', 'b'])
  t.same(found('rose.example.com'), ['b'])
  t.same(found('rose.example.net'), [])
})
