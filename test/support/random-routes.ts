/** Gateways of the Gateway API, HTTPRoutes and Ingresses, with the names and hosts of two models wherever one may stand. */
import fc from 'fast-check'
import type { Manifest } from './random-cluster.ts'

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
const GROUP = 'gateway.networking.k8s.io'

const object = (apiVersion: string, kind: string, metadata: object, spec: object): Manifest =>
  JSON.parse(JSON.stringify({ apiVersion, kind, metadata, spec }))

export interface Names {
  readonly namespaces: readonly string[]
  readonly names: readonly string[]
}

/** Any object that decides how external requests reach a model in Standard mode. */
export function anyRoute({ namespaces, names }: Names): fc.Arbitrary<Manifest> {
  const namespace = pick(...namespaces)
  const name = pick(...names)
  const created = maybe(pick('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'))
  const host = fc
    .tuple(name, namespace, pick('-', '.'))
    .map(([model, of, separator]) => `${model}${separator}${of}.example.com`)
  const hostname = fc.oneof(host, host, pick('*.example.com', '*.user1.example.com', 'example.com'))
  const path = fc.oneof(
    pick(
      { type: 'PathPrefix', value: '/' },
      { type: 'PathPrefix', value: '/v1/models/b' },
      { type: 'PathPrefix', value: '/v1' },
      { type: 'RegularExpression', value: '^/.*$' },
      { type: 'RegularExpression', value: '^/v1/models/[\\w-]+:explain$' },
      { type: 'RegularExpression', value: '/v1/(a|b)' }
    ),
    name.map(model => ({ type: 'Exact', value: `/v1/models/${model}:predict` }))
  )
  const serviceName = fc
    .tuple(name, pick('-predictor', '-predictor', '-v3-predictor', '-transformer', '-x'))
    .map(parts => parts.join(''))
  const filter = pick(
    { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'KServe-Isvc-Name', value: 'b' }] } },
    { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x', value: 'b' }], remove: ['y'] } },
    { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v2' } } },
    { type: 'URLRewrite', urlRewrite: { hostname: 'b.team.svc.cluster.local' } },
    { type: 'RequestRedirect', requestRedirect: { scheme: 'https' } },
    { type: 'ExtensionRef', extensionRef: { group: 'x', kind: 'Y', name: 'z' } }
  )
  const match = fc.record({
    path: maybe(path),
    method: maybe(pick('POST', 'GET')),
    headers: maybe(pick([{ name: 'x', value: 'y' }], [{ name: 'kserve-isvc-name', value: 'a' }]))
  })
  const rule = fc.record({
    matches: fc.array(match, { maxLength: 2 }),
    filters: fc.array(filter, { maxLength: 1 }),
    backendRefs: fc.array(
      fc.record({
        name: serviceName,
        port: pick(80, 80, 80, 8443, undefined),
        namespace: maybe(namespace),
        weight: maybe(pick(0, 1))
      }),
      { maxLength: 2 }
    )
  })
  const ofGateway = fc.record({
    name: pick('public', 'public', 'other'),
    namespace: pick('istio-system', 'istio-system', undefined),
    sectionName: maybe(pick('http', 'https'))
  })
  const ofService = fc
    .record({ name: serviceName, namespace: maybe(namespace), port: maybe(pick(80, 81)) })
    .map(parent => ({ group: '', kind: 'Service', ...parent }))
  const parent = fc.oneof(ofGateway, ofGateway, ofService)
  const httpRoute = fc
    .record({
      namespace,
      name: fc.oneof(name, name, pick('foreign')),
      created,
      parentRefs: fc.array(parent, { minLength: 1, maxLength: 2 }),
      hostnames: fc.array(hostname, { maxLength: 2 }),
      rules: fc.array(rule, { maxLength: 2 })
    })
    .map(({ namespace, name, created: creationTimestamp, ...spec }) =>
      object(`${GROUP}/v1`, 'HTTPRoute', { namespace, name, creationTimestamp }, spec)
    )
  const listener = fc.record({
    name: pick('http', 'https'),
    port: pick(80, 443),
    protocol: pick('HTTP', 'HTTP', 'HTTPS', 'TCP'),
    hostname: maybe(hostname),
    allowedRoutes: maybe(
      pick<object>(
        { namespaces: { from: 'All' } },
        { namespaces: { from: 'Same' } },
        { namespaces: { from: 'Selector', selector: { matchLabels: { 'istio-injection': 'enabled' } } } },
        { namespaces: { from: 'Selector', selector: { matchLabels: { 'kubernetes.io/metadata.name': 'user1' } } } },
        { namespaces: { from: 'All' }, kinds: [{ group: GROUP, kind: 'GRPCRoute' }] }
      )
    )
  })
  const gateway = fc
    .record({
      name: pick('public', 'public', 'other'),
      gatewayClassName: pick('istio', 'istio', 'envoy', 'unknown'),
      listeners: fc.array(listener, { minLength: 1, maxLength: 2 })
    })
    .map(({ name, ...spec }) => object(`${GROUP}/v1`, 'Gateway', { namespace: 'istio-system', name }, spec))
  const gatewayClass = pick(
    ['istio', 'istio.io/gateway-controller'],
    ['envoy', 'gateway.envoyproxy.io/gatewayclass-controller'],
    ['unknown', 'example.com/controller']
  ).map(([name, controllerName]) => object(`${GROUP}/v1`, 'GatewayClass', { name }, { controllerName }))
  const grant = fc
    .tuple(namespace, namespace, maybe(serviceName))
    .map(([own, from, to]) =>
      object(
        `${GROUP}/v1beta1`,
        'ReferenceGrant',
        { namespace: own, name: 'grant' },
        { from: [{ group: GROUP, kind: 'HTTPRoute', namespace: from }], to: [{ kind: 'Service', name: to }] }
      )
    )
  const ingress = fc
    .record({
      namespace,
      name: fc.oneof(name, name, pick('foreign')),
      created,
      annotations: maybe(pick({ 'kubernetes.io/ingress.class': 'istio' }, { 'kubernetes.io/ingress.class': 'nginx' })),
      ingressClassName: pick('istio', 'istio', 'nginx', undefined),
      host: maybe(hostname),
      path: pick('/', '/v1', '/v1/models/b:predict', '/v1/.*', undefined),
      pathType: pick('Prefix', 'Prefix', 'Exact', 'ImplementationSpecific'),
      service: serviceName,
      port: pick<object>({ number: 80 }, { number: 80 }, { name: 'http' }, { number: 8443 })
    })
    .map(
      ({
        namespace,
        name,
        created: creationTimestamp,
        annotations,
        ingressClassName,
        host,
        path,
        pathType,
        service,
        port
      }) =>
        object(
          'networking.k8s.io/v1',
          'Ingress',
          { namespace, name, creationTimestamp, annotations },
          {
            ingressClassName,
            rules: [{ host, http: { paths: [{ path, pathType, backend: { service: { name: service, port } } }] } }]
          }
        )
    )
  const ingressClass = pick('istio.io/ingress-controller', 'k8s.io/ingress-nginx').map(controller =>
    object('networking.k8s.io/v1', 'IngressClass', { name: 'istio' }, { controller })
  )
  return fc.oneof(
    { weight: 4, arbitrary: httpRoute },
    { weight: 3, arbitrary: gateway },
    { weight: 2, arbitrary: gatewayClass },
    { weight: 1, arbitrary: grant },
    { weight: 3, arbitrary: ingress },
    { weight: 1, arbitrary: ingressClass }
  )
}
