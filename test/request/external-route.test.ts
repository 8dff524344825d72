import t from 'tap'
import { authorization, kserveConfig, pod, policy, together } from '../support/objects.ts'
import { pathsTo } from '../support/paths.ts'
import {
  ENVOY_CLASS,
  GATEWAY_API,
  gatewayClass,
  httpRoute,
  ISTIO_CLASS,
  ingress,
  OPEN_LISTENER,
  publicGateway,
  standardModel
} from '../support/routes.ts'
import { stockWith } from '../support/snapshot.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const OPEN = 'caller->ingress-gateway, gateway->pod'
const AT_GATEWAY = 'caller->ingress-gateway'

/** External paths by the InferenceService URL. */
function external(...objects: readonly string[]): string {
  const lines = pathsTo(stockWith(together(standardModel, ...objects)), 'new')
  return lines
    .filter(line => line.startsWith('external address '))
    .map(line => line.slice('external address '.length))
    .join('\n')
}
const byGateway = (...objects: readonly string[]) => external(GATEWAY_API, ISTIO_CLASS, publicGateway(), ...objects)

const service = (
  name: string,
  selector: string,
  namespace = 'user1',
  ports = '{ name: http, port: 80, targetPort: 8080 }'
) => `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${name} }
spec: { selector: { ${selector} }, ports: [${ports}] }
`
const serving = (proxy: 'none' | 'sidecar') =>
  pod(
    'user1',
    'new-0',
    `serving.kserve.io/inferenceservice: new, component: predictor${proxy === 'sidecar' ? ', security.istio.io/tlsMode: istio' : ''}`,
    proxy
  )

t.test('the class of a Gateway says what its proxies send', async t => {
  t.equal(byGateway(STRICT), OPEN, 'Istio sends mTLS, also before its pods run')
  const envoy = [GATEWAY_API, ENVOY_CLASS, publicGateway(OPEN_LISTENER, 'envoy')]
  t.equal(external(...envoy), OPEN)
  t.equal(external(...envoy, STRICT), `${OPEN} plaintext-to-strict-workload`, 'Envoy Gateway sends plaintext')
  const gateways = authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [kserve] } }] }] }')
  t.equal(byGateway(gateways), OPEN, 'Istio has the identity of the Gateway')
  t.equal(external(...envoy, gateways), `${OPEN} refused-by-policy`)
  const openshift = gatewayClass('istio', 'openshift.io/gateway-controller/v1')
  t.equal(external(GATEWAY_API, openshift, publicGateway(), STRICT), OPEN)
})

t.test('a Gateway that is not modeled is not known', async t => {
  t.equal(
    external(GATEWAY_API, gatewayClass('istio', 'example.com/x'), publicGateway()),
    `${AT_GATEWAY} unknown: GatewayClass istio of example.com/x is not modeled`
  )
  t.equal(
    external(GATEWAY_API, publicGateway()),
    `${AT_GATEWAY} unknown: Gateway kserve/public has no pods, and GatewayClass istio does not exist`
  )
})

t.test('a Gateway that does not exist serves nothing, if the state has Gateways', async t => {
  t.equal(external(GATEWAY_API, ISTIO_CLASS), `${AT_GATEWAY} no-endpoints`)
  t.match(external(GATEWAY_API), / unknown: Gateway API Gateway kserve\/public has no Istio gateway pods/)
})

t.test('a listener accepts the HTTPRoute', async t => {
  const listeners = (text: string) => external(GATEWAY_API, ISTIO_CLASS, publicGateway(text))
  const refused = `${AT_GATEWAY} route-not-accepted`
  t.equal(listeners('{ name: http, port: 80, protocol: HTTP }'), refused, 'another namespace')
  t.equal(listeners(''), refused, 'no listener')
  t.equal(listeners('{ name: tcp, port: 80, protocol: TCP }'), refused)
  t.equal(listeners(OPEN_LISTENER.replace('port', 'hostname: "*.example.org", port')), refused)
  t.equal(listeners(OPEN_LISTENER.replace('port', 'hostname: "*.example.com", port')), OPEN)
  t.equal(listeners(`{ name: https, port: 443, protocol: HTTPS }, ${OPEN_LISTENER}`), OPEN, 'one of several')
  const second = httpRoute('{ backendRefs: [{ name: new-predictor, port: 80 }] }').replace(
    'hostnames: [',
    'hostnames: [new.example.net, '
  )
  const other = OPEN_LISTENER.replace('port', 'hostname: new.example.net, port')
  t.equal(external(GATEWAY_API, ISTIO_CLASS, publicGateway(other), second), refused, 'by another of its hosts only')
})

t.test('the policies and listeners of a gateway come before its routes', async t => {
  const closed = authorization('kserve', '{ action: DENY, rules: [{ to: [{ operation: { ports: ["80"] } }] }] }')
  t.equal(byGateway(closed), `${AT_GATEWAY} refused-by-policy`)
  const https = OPEN_LISTENER.replace('port: 80', 'port: 443').replace('HTTP,', 'HTTPS,')
  t.equal(external(GATEWAY_API, ISTIO_CLASS, publicGateway(https), closed), OPEN, 'by another port')
})

t.test('an HTTPRoute that exists is used instead of the one that KServe creates', async t => {
  const to = (name: string, more = '') => `{ backendRefs: [{ name: ${name}, port: 80 ${more} }] }`
  t.equal(byGateway(httpRoute(to('new-predictor'))), OPEN)
  t.equal(byGateway(httpRoute(to('gone'))), `${OPEN} backend-invalid`, 'Service does not exist')
  t.equal(byGateway(httpRoute('{}')), `${OPEN} backend-invalid`, 'no backend')
  t.equal(byGateway(httpRoute('')), OPEN, 'without routes for the host, KServe corrects it')
  t.equal(byGateway(httpRoute(to('new-predictor')).replace('new-user1', 'old')), OPEN, 'another host')
  t.equal(
    byGateway(httpRoute(`{ matches: [{ path: { value: /v2 } }], backendRefs: [{ name: new-predictor, port: 80 }] }`)),
    `${AT_GATEWAY} no-route`
  )
  t.equal(
    byGateway(httpRoute(to('new-predictor')).replace('name: public', 'name: other')),
    `${AT_GATEWAY} no-endpoints`
  )
  t.equal(
    byGateway(httpRoute(to('new-predictor')).replace('name: public', 'kind: Service, group: "", name: public')),
    `${AT_GATEWAY} unknown: HTTPRoute user1/new names no Gateway`
  )
})

t.test('backends are other Services of the model, or are not known', async t => {
  const to = (...backends: readonly string[]) => httpRoute(`{ backendRefs: [${backends.join()}] }`)
  const second = service('second', 'component: predictor')
  t.equal(byGateway(to('{ name: second, port: 80 }'), second, serving('sidecar'), STRICT), OPEN)
  t.equal(
    byGateway(to('{ name: second, port: 80 }'), second, serving('none')),
    OPEN,
    'pods without a sidecar accept plaintext'
  )
  t.equal(
    byGateway(to('{ name: second, port: 81 }'), second, serving('none')),
    `${OPEN} backend-invalid`,
    'no such port'
  )
  const unknown = `${OPEN} unknown: HTTPRoute user1/new routes to Service user1/second, which has no pods of the model`
  t.equal(byGateway(to('{ name: second, port: 80 }'), second), unknown, 'no pods')
  t.equal(
    byGateway(to('{ name: new-predictor, port: 80 }', '{ name: second, port: 80 }'), second),
    unknown,
    'one of several'
  )
  t.equal(byGateway(to('{ name: new-predictor, port: 80 }', '{ name: gone, port: 80 }')), `${OPEN} backend-invalid`)
  const own = service('new-predictor', 'component: predictor', 'user1', '{ port: 80 }, { port: 9000 }')
  t.equal(byGateway(to('{ name: new-predictor, port: 9000 }'), own, serving('none')), OPEN, 'another port')
  t.equal(byGateway(to('{ name: new-predictor, port: 9001 }'), own, serving('none')), `${OPEN} backend-invalid`)
})

t.test('a backend in another namespace requires a ReferenceGrant', async t => {
  const away = httpRoute('{ backendRefs: [{ name: proxy, namespace: user2, port: 80 }] }')
  const grant = (from: string, to: string) => `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { namespace: user2, name: grant }
spec: { from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: ${from} }], to: [{ group: "", ${to} }] }
`
  const proxy = service('proxy', 'app: proxy', 'user2')
  const refused = `${OPEN} backend-invalid`
  t.equal(byGateway(away, proxy), refused)
  t.match(byGateway(away, proxy, grant('user1', 'kind: Service')), / unknown: .* has no pods of the model$/)
  t.match(byGateway(away, proxy, grant('user1', 'kind: Service, name: proxy')), / unknown: /)
  t.equal(byGateway(away, proxy, grant('user1', 'kind: Service, name: other')), refused)
  t.equal(byGateway(away, proxy, grant('user2', 'kind: Service')), refused)
  t.equal(byGateway(away, proxy, grant('user1', 'kind: Secret')), refused)
})

t.test('filters and matches that are not modeled are not known', async t => {
  const backend = 'backendRefs: [{ name: new-predictor, port: 80 }]'
  t.match(
    byGateway(httpRoute(`{ filters: [{ type: ExtensionRef }], ${backend} }`)),
    / unknown: filter ExtensionRef of /
  )
  const redirect = '{ type: RequestRedirect, requestRedirect: { scheme: https } }'
  t.match(byGateway(httpRoute(`{ filters: [${redirect}] }`)), / unknown: HTTPRoute user1\/new redirects the request/)
  const canary = '{ matches: [{ headers: [{ name: x, value: y }] }], backendRefs: [{ name: other, port: 80 }] }'
  t.match(
    byGateway(httpRoute(`${canary}, { ${backend} }`)),
    / unknown: headers or paths of HTTPRoute user1\/new decide whether it routes the request/
  )
  t.equal(byGateway(httpRoute(`${canary.replace('other', 'new-predictor')}, { ${backend} }`)), OPEN, 'equal backends')
  t.match(byGateway(httpRoute('{ backendRefs: [{ kind: InferencePool, group: x, name: a }] }')), / unknown: backend /)
})

t.test('a rewritten request meets the policies of the model as it arrives', async t => {
  const only = authorization('user1', '{ rules: [{ to: [{ operation: { paths: ["/v2/*"] } }] }] }')
  const backend = 'backendRefs: [{ name: new-predictor, port: 80 }]'
  const path = '{ type: ReplacePrefixMatch, replacePrefixMatch: /v2 }'
  const rewriting = `{ matches: [{ path: { value: /v1 } }], filters: [{ type: URLRewrite, urlRewrite: { path: ${path} } }], ${backend} }`
  t.equal(byGateway(httpRoute(`{ ${backend} }`), only), `${OPEN} refused-by-policy`)
  t.equal(byGateway(httpRoute(rewriting), only), OPEN)
})

t.test('a HTTPRoute of another namespace can take the host', async t => {
  const foreign = (created: string, path: string) =>
    httpRoute(
      `{ matches: [{ path: { value: ${path} } }], backendRefs: [{ name: other, port: 80 }] }`,
      '',
      `namespace: user2, name: a, creationTimestamp: "${created}"`
    )
  t.match(byGateway(foreign('2026-01-01T00:00:00Z', '/v1')), / backend-invalid$/)
  t.equal(byGateway(foreign('2026-01-01T00:00:00Z', '/v2')), OPEN)
  const own = OPEN_LISTENER.replace(
    'from: All',
    'from: Selector, selector: { matchLabels: { istio-injection: enabled } }'
  )
  t.match(
    external(GATEWAY_API, ISTIO_CLASS, publicGateway(own), foreign('2026-01-01T00:00:00Z', '/v1')),
    /backend-invalid/
  )
  const envoy = [GATEWAY_API, ENVOY_CLASS, publicGateway(OPEN_LISTENER, 'envoy')]
  t.equal(external(...envoy, foreign('2026-01-01T00:00:00Z', '/v1')), OPEN, 'Envoy Gateway tries prefixes last')
})

t.test('an Ingress that exists is used instead of the one that KServe creates', async t => {
  const own = '{ name: new-predictor, port: { number: 80 } }'
  t.equal(external(ingress('/', own)), OPEN)
  t.equal(external(ingress('/v2', own)), `${AT_GATEWAY} no-route`)
  t.equal(external(ingress('/', '{ name: gone, port: { number: 80 } }')), `${OPEN} backend-invalid`)
  t.match(external(ingress('/', own, 'nginx')), / unknown: Ingress class nginx has no Istio gateway pods/)
  const named = service('new-predictor', 'component: predictor', 'user1', '{ name: http, port: 80, targetPort: 8080 }')
  t.equal(external(ingress('/', '{ name: new-predictor, port: { name: http } }'), named, serving('none')), OPEN)
  const other = ingress('/v1', '{ name: gone, port: { number: 80 } }', 'istio', 'namespace: user2, name: other')
  t.equal(external(ingress('/', own), other), `${OPEN} backend-invalid`, 'a longer path of another Ingress')
  t.equal(external(ingress('/', own), other.replace('ingressClassName: istio', 'ingressClassName: nginx')), OPEN)
})

t.test('the IngressClass decides which controller serves an Ingress', async t => {
  const ingressClass = (controller: string) => `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: istio }
spec: { controller: ${controller} }
`
  t.equal(external(ingressClass('istio.io/ingress-controller')), OPEN)
  t.match(external(ingressClass('k8s.io/ingress-nginx')), / unknown: Ingress class istio has no Istio gateway pods/)
})

t.test('each address has its own route; one host for several models is not compared', async t => {
  const config = kserveConfig({
    enableGatewayApi: true,
    kserveIngressGateway: 'kserve/public',
    ingressDomain: 'example.com',
    additionalIngressDomains: ['example.net'],
    pathTemplate: '/{{ .Namespace }}/{{ .Name }}'
  })
  const foreign = httpRoute(
    '{ backendRefs: [{ name: gone, port: 80 }] }',
    '',
    'namespace: user2, name: a, creationTimestamp: "2026-01-01T00:00:00Z"'
  ).replace('new-user1.example.com', 'new-user1.example.net, example.com')
  const lines = pathsTo(stockWith(together(standardModel, config, ISTIO_CLASS, publicGateway(), foreign)), 'new')
  t.same(
    lines.filter(line => line.startsWith('external')),
    [
      `external address ${OPEN}`,
      `external additional domain example.net ${OPEN} backend-invalid`,
      `external pathTemplate ${OPEN}`
    ]
  )
})
