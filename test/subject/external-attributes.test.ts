import t from 'tap'
import { componentsOf } from '../../src/kserve/inference-service.ts'
import { externalAttributes } from '../../src/subject/external-attributes.ts'
import { kserveConfig, together } from '../support/objects.ts'
import { GATEWAY_API, httpRoute, ISTIO_CLASS, OPEN_LISTENER, publicGateway, standardModel } from '../support/routes.ts'
import { stockWith } from '../support/snapshot.ts'

const named = (text: string, name: string) => text.replaceAll('new', name)
const OTHER = 'second'

/** Attributes of two models that differ in their names and in these objects. */
function attributes(first: string, second: string, listeners = OPEN_LISTENER): readonly [string, string] {
  const state = stockWith(
    together(
      GATEWAY_API,
      ISTIO_CLASS,
      publicGateway(listeners),
      standardModel,
      named(standardModel, OTHER),
      ...[first, second].filter(text => text !== '')
    )
  )
  const of = (name: string) => {
    const service = state.get('InferenceService', 'user1', name)
    if (service === undefined) throw new Error('no model')
    return JSON.stringify(externalAttributes(state, service, componentsOf(state, service)))
  }
  return [of('new'), of(OTHER)]
}

const isEqual = ([one, other]: readonly [string, string]) => one === other
const both = (rule: string, more = rule) => attributes(httpRoute(rule), named(httpRoute(more), OTHER))
const backend = 'backendRefs: [{ name: new-predictor, port: 80 }]'
const header = (name: string, value: string) =>
  `{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: ${name}, value: ${value} }] } }], ${backend} }`

t.test('models whose routes differ only in their names are alike', async t => {
  t.ok(isEqual(attributes('', '')))
  t.ok(isEqual(both(`{ ${backend} }`)))
  t.ok(isEqual(both(header('KServe-Isvc-Name', 'new'))))
  t.ok(isEqual(both(header('KServe-Isvc-Namespace', 'user1'))))
})

t.test('other differences distinguish models', async t => {
  t.notOk(isEqual(attributes(httpRoute(`{ ${backend} }`), '')), 'one exists')
  t.notOk(isEqual(both(`{ ${backend} }`, `{ backendRefs: [{ name: new-predictor, port: 81 }] }`)), 'another port')
  t.notOk(isEqual(both(`{ backendRefs: [{ name: istiod, port: 80 }] }`)), 'another Service')
  t.notOk(isEqual(both(header('x', 'new'))), 'another header')
  const path = '{ type: ReplacePrefixMatch, replacePrefixMatch: /v2 }'
  t.notOk(isEqual(both(`{ filters: [{ type: URLRewrite, urlRewrite: { path: ${path} } }], ${backend} }`)), 'paths')
  t.notOk(isEqual(both(`{ filters: [{ type: ExtensionRef }], ${backend} }`)), 'not modeled')
  t.notOk(isEqual(both(`{ matches: [{ path: { value: /v2 } }], ${backend} }`)), 'no rule')
})

t.test('models with a common cause are alike unless findings name them', async t => {
  t.ok(isEqual(attributes('', '', '{ name: http, port: 80, protocol: HTTP }')), 'namespace')
  t.notOk(isEqual(attributes('', '', '')), 'no listener')
  t.notOk(isEqual(attributes('', '', OPEN_LISTENER.replace('port', 'hostname: a.example.org, port'))), 'hostname')
})

t.test('a route of another namespace, and a Gateway that does not exist', async t => {
  const foreign = httpRoute(
    '{ matches: [{ path: { value: / } }], backendRefs: [{ name: x, port: 80 }] }',
    '',
    'namespace: user2, name: a, creationTimestamp: "2026-01-01T00:00:00Z"'
  )
  t.notOk(isEqual(attributes(foreign, '')))
  const state = stockWith(together(GATEWAY_API, ISTIO_CLASS, standardModel))
  const service = state.get('InferenceService', 'user1', 'new')
  t.match(service && JSON.stringify(externalAttributes(state, service, [])), /no-endpoints/)
  const local = stockWith(together(kserveConfig({}), standardModel))
  const iris = local.get('InferenceService', 'user1', 'sklearn-iris')
  t.same(iris && externalAttributes(local, iris, []), [], 'Knative mode')
})
