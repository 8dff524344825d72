import t from 'tap'
import { authorization, clientRule, configMap, kserveConfig, model, pod, policy, together } from '../support/objects.ts'
import { pathsTo } from '../support/paths.ts'
import { stockWith } from '../support/snapshot.ts'

const STANDARD = 'serving.kserve.io/deploymentMode: Standard'
const standard = (more = '', labels = '') => model(`, annotations: { ${STANDARD} ${more} }, labels: { ${labels} }`)
const standardModel = (spec: string) => model(`, annotations: { ${STANDARD} }`, spec)
const DISABLE = '{ tls: { mode: DISABLE } }'
const pathLines = (...objects: readonly string[]) => pathsTo(stockWith(together(standard(), ...objects)), 'new')
const externalPaths = (...objects: readonly string[]) =>
  pathLines(...objects).filter(line => line.startsWith('external'))
const service = (spec: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor }
spec: ${spec}
`

t.test('all callers use the predictor Service, which targets the pods', async t => {
  t.same(pathLines(), [
    'external address caller->ingress-gateway, gateway->pod',
    'in-mesh address caller->pod',
    'non-mesh address caller->pod'
  ])
  t.same(pathLines(policy('user1', '{ mtls: { mode: STRICT } }')), [
    'external address caller->ingress-gateway, gateway->pod',
    'in-mesh address caller->pod',
    'non-mesh address caller->pod plaintext-to-strict-workload'
  ])
  const plain = together(
    service('{ clusterIP: None, selector: { app: plain }, ports: [{ port: 80, targetPort: 80 }] }'),
    pod('user1', 'plain', 'app: plain', 'none')
  )
  t.same(
    pathLines(plain, policy('user1', '{ mtls: { mode: STRICT } }')).at(-1),
    'non-mesh address caller->pod',
    'an existing Service keeps its endpoints'
  )
})

t.test('only the Service of the model is expected to exist', async t => {
  const routed = (to: string) =>
    pathLines(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: routes }
spec: { hosts: [new-predictor.user1.svc.cluster.local], http: [{ route: [{ destination: { host: ${to} } }] }] }
`)[1]
  t.equal(routed('new-predictor'), 'in-mesh address caller->pod')
  t.equal(routed('missing'), 'in-mesh address caller->pod no-endpoints')
})

t.test('a sidecar that does not import the Service passes requests on unchanged', async t => {
  const callersOf = (hosts: string, ...objects: readonly string[]) =>
    pathLines(
      `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: istio-system, name: default }
spec: { egress: [{ hosts: [${hosts}] }] }
`,
      ...objects
    ).filter(line => line.startsWith('in-mesh'))
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  t.same(callersOf('./*', strict), [
    'in-mesh address caller->pod plaintext-to-strict-workload',
    'in-mesh (user1) address caller->pod'
  ])
  t.same(callersOf('user1/*', strict), ['in-mesh address caller->pod'])
  t.same(
    callersOf('istio-system/*', clientRule('*.local', '{ tls: { mode: SIMPLE } }')),
    ['in-mesh address caller->pod'],
    'no DestinationRule applies'
  )
})

t.test('an Ingress provides the external path', async t => {
  const open = ['external address caller->ingress-gateway, gateway->pod']
  t.same(externalPaths(kserveConfig({})), open, 'default Ingress class')
  t.same(externalPaths(configMap('kserve', 'inferenceservice-config', {})), open, 'no ingress configuration')
  t.same(
    externalPaths(kserveConfig({ ingressClassName: 'nginx' })),
    [
      'external address caller->ingress-gateway unknown: Ingress class nginx has no Istio gateway pods; other proxies are not modeled'
    ],
    'Ingress class of another controller'
  )
  t.same(
    externalPaths(kserveConfig({ domainTemplate: '{{ len .Name }}' })),
    ['external address caller->ingress-gateway unknown: domainTemplate of KServe is not modeled or names no host'],
    'domainTemplate that is not modeled'
  )
  t.same(externalPaths(kserveConfig({ disableIngressCreation: true })), [], 'Ingress creation disabled')
  t.same(externalPaths(kserveConfig({ ingressDomain: 'svc.cluster.local' })), [], 'cluster domain as ingressDomain')
  const local = standard('', 'networking.kserve.io/visibility: cluster-local')
  t.same(externalPaths(local), [], 'cluster-local model')
  t.same(
    externalPaths(standard('', 'networking.knative.dev/visibility: cluster-local')),
    open,
    'visibility label of Knative mode is ignored'
  )
})

t.test('an HTTPRoute provides the external path', async t => {
  const config = kserveConfig({ enableGatewayApi: true, kserveIngressGateway: 'kserve/public' })
  const proxy = pod('kserve', 'proxy', 'gateway.networking.k8s.io/gateway-name: public', 'router')
  t.same(externalPaths(config, proxy), ['external address caller->ingress-gateway, gateway->pod'])
  t.same(externalPaths(config), [
    'external address caller->ingress-gateway unknown: Gateway API Gateway kserve/public has no Istio gateway pods; other proxies are not modeled'
  ])
})

t.test('an Ingress of class istio is served by gateways of any namespace', async t => {
  const edge = pod('istio-ingress', 'edge', 'istio: edge', 'router')
  const mesh = configMap('istio-system', 'istio', { mesh: 'ingressSelector: edge' })
  const closed = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: istio-ingress, name: closed }
spec: { action: DENY, rules: [{}] }
`
  const unknown = /unknown: Ingress class istio has no Istio gateway pods/
  t.match(externalPaths(mesh), [unknown], 'no gateway with the label')
  t.same(externalPaths(mesh, edge), ['external address caller->ingress-gateway, gateway->pod'])
  t.same(externalPaths(mesh, edge, closed), ['external address caller->ingress-gateway refused-by-policy'])
})

t.test('proxies of other gateways send plaintext without identity', async t => {
  const config = kserveConfig({ enableGatewayApi: true, kserveIngressGateway: 'kserve/public' })
  const name = 'gateway.networking.k8s.io/gateway-name: public'
  const owned = (namespace: string) =>
    `gateway.envoyproxy.io/owning-gateway-name: public, gateway.envoyproxy.io/owning-gateway-namespace: ${namespace}`
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  const open = 'external address caller->ingress-gateway, gateway->pod'
  const blocked = `${open} plaintext-to-strict-workload`
  const unknown = /unknown: Gateway API Gateway kserve\/public has no Istio gateway pods/
  const envoy = (namespace: string, proxy: 'none' | 'sidecar' = 'none') =>
    pod('envoy-gateway-system', 'envoy', owned(namespace), proxy)
  t.same(externalPaths(config, envoy('kserve')), [open], 'Envoy Gateway')
  t.same(externalPaths(config, envoy('kserve'), strict), [blocked], 'W9: Envoy Gateway and STRICT')
  t.match(externalPaths(config, envoy('other'), strict), [unknown], 'proxy of a Gateway in another namespace')
  t.same(externalPaths(config, pod('kserve', 'proxy', name, 'none'), strict), [blocked], 'proxy beside its Gateway')
  t.match(externalPaths(config, envoy('kserve', 'sidecar'), strict), [unknown], 'proxy with a sidecar')
  const closed = authorization('envoy-gateway-system', '{ action: DENY, rules: [{}] }')
  t.same(externalPaths(config, envoy('kserve'), closed), [open], 'policies have no effect without an Istio proxy')
})

t.test('kubelet probes reach the sidecar unless they are rewritten', async t => {
  const probed = (value: string, ...objects: readonly string[]) =>
    pathLines(standard(`, sidecar.istio.io/rewriteAppHTTPProbers: "${value}"`), ...objects).filter(line =>
      line.startsWith('probe')
    )
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  t.same(probed('true', strict), [])
  t.same(probed('false'), ['probe kubelet kubelet->pod'])
  t.same(probed('false', strict), ['probe kubelet kubelet->pod plaintext-to-strict-workload'])
})

t.test('policies of the public gateway apply to an Ingress', async t => {
  const closed = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: istio-system, name: closed }
spec: { selector: { matchLabels: { istio: ingressgateway } }, action: DENY, rules: [{}] }
`
  t.same(externalPaths(closed), ['external address caller->ingress-gateway refused-by-policy'])
})

t.test('predictor.name is part of the Service name', async t => {
  const named = standardModel('predictor: { name: v2, model: { modelFormat: { name: sklearn } } }')
  const lines = (...objects: readonly string[]) => pathsTo(stockWith(together(named, ...objects)), 'new')
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  t.same(lines(strict, clientRule('new-predictor.user1.svc.cluster.local', DISABLE)).slice(0, 2), [
    'external address caller->ingress-gateway, gateway->pod',
    'in-mesh address caller->pod'
  ])
  t.same(lines(strict, clientRule('new-v2-predictor.user1.svc.cluster.local', DISABLE)).slice(0, 2), [
    'external address caller->ingress-gateway, gateway->pod plaintext-to-strict-workload',
    'in-mesh address caller->pod plaintext-to-strict-workload'
  ])
})

t.test('a canary has a Service of its own and, with an HTTPRoute, a share of the external requests', async t => {
  const canary = (trafficPercent: number, more = '') =>
    standardModel(
      `predictor: { minReplicas: 2, model: { modelFormat: { name: sklearn } } } ${more},
       canary: [{ predictor: { name: v3, minReplicas: 1, labels: { tier: new } }, trafficPercent: ${trafficPercent} }]`
    )
  const lines = (service: string, ...objects: readonly string[]) =>
    pathsTo(stockWith(together(service, ...objects)), 'new').filter(line => line.includes('canary'))
  const config = kserveConfig({ enableGatewayApi: true, kserveIngressGateway: 'kserve/public' })
  const proxy = pod('kserve', 'proxy', 'gateway.networking.k8s.io/gateway-name: public', 'router')
  const direct = ['in-mesh canary v3 caller->pod', 'non-mesh canary v3 caller->pod']
  t.same(lines(canary(10)), direct, 'an Ingress routes only to the predictor')
  t.same(lines(canary(10), config, proxy), ['external canary v3 caller->ingress-gateway, gateway->pod', ...direct])
  t.same(lines(canary(0), config, proxy), direct, 'no share')
  t.same(lines(canary(10, ', transformer: {}'), config, proxy), direct, 'a transformer takes the external requests')
  const rule = clientRule('new-v3-predictor.user1.svc.cluster.local', DISABLE)
  t.same(lines(canary(10), policy('user1', '{ mtls: { mode: STRICT } }'), rule), [
    'in-mesh canary v3 caller->pod plaintext-to-strict-workload',
    'non-mesh canary v3 caller->pod plaintext-to-strict-workload'
  ])
  const running = (app: string, proxied: 'none' | 'sidecar') =>
    pod('user1', app, `serving.kserve.io/inferenceservice: new, component: predictor, app: isvc.new-${app}`, proxied)
  t.same(
    pathsTo(
      stockWith(
        together(
          canary(10),
          running('predictor', 'sidecar'),
          running('v3-predictor', 'none'),
          clientRule('*.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')
        )
      ),
      'new'
    ),
    [
      'external address caller->ingress-gateway, gateway->pod',
      'in-mesh address caller->pod',
      'non-mesh address caller->pod',
      'in-mesh canary v3 caller->pod mtls-to-workload-without-sidecar',
      'non-mesh canary v3 caller->pod'
    ],
    'pods are those with the app of the Service'
  )
})

t.test('kubelet probes of running pods are those that injection has not rewritten', async t => {
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  const running = (probes: string) => `
apiVersion: v1
kind: Pod
metadata:
  namespace: user1
  name: new-1
  labels: { serving.kserve.io/inferenceservice: new, component: predictor, security.istio.io/tlsMode: istio }
spec:
  containers:
    - { name: kserve-container, ports: [{ name: web, containerPort: 8080 }], ${probes} }
    - { name: istio-proxy, args: [proxy, sidecar], readinessProbe: { httpGet: { port: 15021, path: /healthz/ready } } }
`
  const kubelet = (probes: string, ...more: readonly string[]) =>
    pathLines(running(probes), strict, ...more).filter(line => line.startsWith('probe'))
  const blocked = ['probe kubelet kubelet->pod plaintext-to-strict-workload']
  for (const [name, probes, expected] of [
    ['HTTP', 'readinessProbe: { httpGet: { port: 8080, path: /ready } }', blocked],
    ['HTTP by name of the port', 'livenessProbe: { httpGet: { port: web } }', blocked],
    ['no such port', 'livenessProbe: { httpGet: { port: absent } }', []],
    ['rewritten', 'readinessProbe: { httpGet: { port: 15020, path: /app-health/kserve-container/readyz } }', []],
    ['HTTPS', 'readinessProbe: { httpGet: { port: 8080, scheme: HTTPS } }', []],
    ['TCP', 'readinessProbe: { tcpSocket: { port: 8080 } }', []],
    ['none', '', []]
  ] as const) {
    t.same(kubelet(probes), expected, name)
  }
  const byPath = authorization('user1', '{ action: DENY, rules: [{ to: [{ operation: { paths: [/ready] } }] }] }')
  t.same(
    pathLines(running('readinessProbe: { httpGet: { port: 8080, path: /ready } }'), byPath).at(-1),
    'probe kubelet kubelet->pod refused-by-policy'
  )
})

t.test('kubelet probes of next pods reach the sidecar only if injection does not rewrite them', async t => {
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  const injector = (values: string) =>
    configMap('istio-system', 'istio-sidecar-injector', { config: 'policy: enabled', values })
  const off = injector('{"sidecarInjectorWebhook": {"rewriteAppHTTPProbe": false}}')
  const custom = 'predictor: { containers: [{ name: a, readinessProbe: { httpGet: { port: 9000, path: /ready } } }] }'
  const portOpen = policy(
    'user1',
    '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT }, portLevelMtls: { 9000: { mode: DISABLE } } }'
  )
  const kubelet = (object: string, ...more: readonly string[]) =>
    pathsTo(stockWith(together(object, ...more)), 'new').filter(line => line.startsWith('probe'))
  const blocked = ['probe kubelet kubelet->pod plaintext-to-strict-workload']
  t.same(kubelet(standard(), strict), [], 'default')
  t.same(kubelet(standard(), strict, off), blocked, 'values of the injector')
  t.same(kubelet(standard(), strict, injector('{}')), [], 'values without the key')
  const on = standard(', sidecar.istio.io/rewriteAppHTTPProbers: "true"')
  t.same(kubelet(on, strict, off), [], 'the annotation takes precedence')
  t.same(kubelet(standardModel(custom), portOpen, off), ['probe kubelet kubelet->pod'], 'port of a custom container')
})
