import t from 'tap'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { pathsTo } from '../support/paths.ts'
import { stockWith, withoutPods } from '../support/snapshot.ts'

const model = (name: string, more = '', spec = 'predictor: { model: { modelFormat: { name: sklearn } } }') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: ${name} ${more} }
spec: { ${spec} }
`
const map = (namespace: string, name: string, data: Readonly<Record<string, string>>) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: ${namespace}, name: ${name} }
data: ${JSON.stringify(data)}
`
const virtualServiceOff = map('kserve', 'inferenceservice-config', {
  ingress: '{ "ingressGateway": "knative-serving/knative-ingress-gateway", "disableIstioVirtualHost": true }'
})

t.test('request paths to a model in a default installation', async t => {
  const state = stockWith()
  t.same(pathsTo(state, 'sklearn-iris'), [
    'in-mesh component serve caller->pod',
    'external address serve caller->ingress-gateway, ingress-gateway->local-gateway, gateway->pod',
    'in-mesh address serve caller->local-gateway, gateway->pod',
    'non-mesh address serve caller->local-gateway, ingress-gateway->local-gateway, gateway->pod',
    'probe autoscaler autoscaler->pod'
  ])
  t.same(pathsTo(state, 'sklearn-iris-burst'), [
    'in-mesh component serve caller->pod',
    'in-mesh component proxy caller->activator, activator->pod',
    'external address serve caller->ingress-gateway, ingress-gateway->local-gateway, gateway->pod',
    'external address proxy caller->ingress-gateway, ingress-gateway->local-gateway, gateway->activator, activator->pod',
    'in-mesh address serve caller->local-gateway, gateway->pod',
    'in-mesh address proxy caller->local-gateway, gateway->activator, activator->pod',
    'non-mesh address serve caller->local-gateway, ingress-gateway->local-gateway, gateway->pod',
    'non-mesh address proxy caller->local-gateway, ingress-gateway->local-gateway, gateway->activator, activator->pod',
    'probe autoscaler autoscaler->pod'
  ])
})

t.test('no path passes the local gateway twice without the top-level VirtualService', async t => {
  t.same(pathsTo(stockWith(virtualServiceOff), 'sklearn-iris'), [
    'in-mesh component serve caller->pod',
    'external address serve caller->ingress-gateway, gateway->pod',
    'in-mesh address serve caller->pod',
    'non-mesh address serve caller->local-gateway, gateway->pod',
    'probe autoscaler autoscaler->pod'
  ])
})

t.test('only callers with a sidecar have a path in a mesh without gateways', async t => {
  const meshOnly = map('knative-serving', 'config-istio', { 'external-gateways': '[]', 'local-gateways': '[]' })
  t.same(pathsTo(stockWith(`${virtualServiceOff}---${meshOnly}`), 'sklearn-iris'), [
    'in-mesh component serve caller->pod',
    'in-mesh address serve caller->pod',
    'probe autoscaler autoscaler->pod'
  ])
})

t.test('a cluster-local model has no external path', async t => {
  const local = model('sklearn-iris', ', labels: { networking.knative.dev/visibility: cluster-local }')
  t.notOk(pathsTo(stockWith(local), 'sklearn-iris').some(line => line.startsWith('external')))
})

t.test('targetBurstCapacity, scale and autoscaler class select the activator mode', async t => {
  const annotated = (annotations: string, spec?: string) =>
    pathsTo(stockWith(model('a', `, annotations: { ${annotations} }`, spec)), 'a').filter(line =>
      line.startsWith('external')
    )
  const modes = (pathLines: readonly string[]) => pathLines.map(line => line.split(' ')[2])
  const burst = (value: string) => `autoscaling.knative.dev/targetBurstCapacity: "${value}"`
  const zero = 'predictor: { minReplicas: 0, model: { modelFormat: { name: sklearn } } }'
  t.same(modes(annotated(burst('0'))), ['serve'], '0: activator is never on the path')
  t.same(modes(annotated(burst('-1'))), ['proxy'], '-1: activator is always on the path')
  t.same(modes(annotated(burst('NaN'))), ['proxy'], 'NaN: activator is always on the path')
  t.same(modes(annotated(burst('70'))), ['serve', 'proxy'], '70: activator is on the path until capacity is sufficient')
  t.same(modes(annotated(burst('0'), zero)), ['serve', 'proxy'], '0: activator is on the path while scaled to zero')
  t.same(
    modes(annotated('autoscaling.knative.dev/class: hpa.autoscaling.knative.dev')),
    ['serve'],
    'HPA: activator is never on the path'
  )
  const scaled = (scaling: string, annotations = '', yaml = '') =>
    modes(
      pathsTo(
        stockWith(
          `${model('a', `, annotations: { ${annotations} }`, `predictor: { ${scaling}, model: { modelFormat: { name: sklearn } } }`)}${yaml}`
        ),
        'a'
      ).filter(line => line.startsWith('external'))
    )
  const settings = (data: Readonly<Record<string, string>>) => `---${map('knative-serving', 'config-autoscaler', data)}`
  const [PROXY, BOTH] = [['proxy'], ['serve', 'proxy']]
  t.same(scaled('maxReplicas: 2'), PROXY, '2 pods of 100 requests have less capacity than 211')
  t.same(scaled('maxReplicas: 3'), BOTH)
  t.same(scaled('maxReplicas: 0'), BOTH, 'no maximum')
  t.same(scaled('maxReplicas: 2', burst('200')), BOTH)
  t.same(scaled('maxReplicas: 3, containerConcurrency: 70'), PROXY)
  t.same(scaled('maxReplicas: 3, containerConcurrency: 71'), BOTH)
  t.same(scaled('maxReplicas: 3, scaleTarget: 71'), BOTH)
  t.same(scaled('maxReplicas: 3, scaleTarget: 71, containerConcurrency: 70'), PROXY, 'the lower of both applies')
  t.same(scaled('maxReplicas: 3', 'autoscaling.knative.dev/target: "70"'), PROXY)
  t.same(scaled('maxReplicas: 2, scaleMetric: rps'), BOTH, '200 requests per second')
  t.same(scaled('maxReplicas: 2, scaleMetric: rps, scaleTarget: 100'), PROXY)
  t.same(scaled('maxReplicas: 2', '', settings({ 'container-concurrency-target-default': '110' })), BOTH)
  t.same(scaled('minReplicas: 1', '', settings({ 'max-scale': '2' })), PROXY, 'maximum of Knative')
})

t.test('activator stays on the path if the autoscaler cannot scrape metrics', async t => {
  const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: default }
spec: { mtls: { mode: STRICT } }
`
  const withoutSidecar = `
apiVersion: v1
kind: Namespace
metadata: { name: knative-serving }
`
  const state = stockWith(`${strict}---${withoutSidecar}`)
  t.ok(
    pathsTo(withoutPods(state, 'knative-serving'), 'sklearn-iris').includes(
      'in-mesh component proxy caller->activator, activator->pod plaintext-to-strict-workload'
    )
  )
})

t.test('mesh-compatibility-mode selects whether the activator calls pod addresses', async t => {
  const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: default }
spec: { mtls: { mode: STRICT } }
`
  const mode = (value: string) => map('knative-serving', 'config-network', { 'mesh-compatibility-mode': value })
  const activatorPaths = (state: Snapshot) =>
    pathsTo(state, 'sklearn-iris-burst').filter(line => line.includes('component proxy'))
  t.match(activatorPaths(stockWith(strict)), [/activator->pod$/], 'auto')
  t.match(activatorPaths(stockWith(`${strict}---${mode('enabled')}`)), [/activator->pod$/], 'enabled')
  t.match(
    activatorPaths(stockWith(`${strict}---${mode('disabled')}`)),
    [/activator->pod plaintext-to-strict-workload$/],
    'disabled'
  )
})

t.test('callers of a namespace with its own DestinationRules form their own class', async t => {
  const rule = (host: string, namespace = 'user1') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: ${namespace}, name: mine }
spec: { host: "${host}", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`
  const withRule = (yaml: string) =>
    pathsTo(stockWith(yaml), 'sklearn-iris').filter(line => line.startsWith('in-mesh ('))
  t.same(withRule(rule('*.local')), [
    'in-mesh (user1) component serve caller->pod',
    'in-mesh (user1) address caller->local-gateway mtls-to-plain-listener'
  ])
  t.same(withRule(rule('example.com')), [], 'DestinationRule of another host')
  t.same(withRule(rule('*.local', 'batch')), [], 'namespace without sidecars')
  const sidecar = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: user1, name: default }
spec: { egress: [{ hosts: ["*/*"] }] }
`
  t.equal(withRule(sidecar).length, 2, 'Sidecar forms a caller class')
})

t.test('a model in Standard mode is called at its Service', async t => {
  const standard = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
  const pathLines = [
    'external address caller->ingress-gateway, gateway->pod',
    'in-mesh address caller->pod',
    'non-mesh address caller->pod'
  ]
  t.same(pathsTo(stockWith(model('a', standard)), 'a'), pathLines)
  const service = (spec: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: a-predictor }
spec: ${spec}
`
  const httpbin = '{ clusterIP: None, selector: { app: httpbin }, ports: [{ name: http, port: 80, targetPort: 80 }] }'
  t.same(pathsTo(stockWith(`${model('a', standard)}---${service(httpbin)}`), 'a'), pathLines, 'existing Service')
  t.same(
    pathsTo(stockWith(`${model('a', standard)}---${service('{ ports: [] }')}`), 'a'),
    pathLines,
    'Service without ports'
  )
})

t.test('a model in ModelMesh mode or without components has no paths', async t => {
  t.same(pathsTo(stockWith(model('a', ', annotations: { serving.kserve.io/deploymentMode: ModelMesh }')), 'a'), [])
  t.same(pathsTo(stockWith(model('a', '', '')), 'a'), [])
})

t.test('a transformer is called before the predictor', async t => {
  const spec =
    'predictor: { model: { modelFormat: { name: sklearn } } }, transformer: { annotations: { autoscaling.knative.dev/targetBurstCapacity: "x" } }'
  t.match(pathsTo(stockWith(model('a', '', spec)), 'a'), [/controller configuration-rejected/])
})

t.test('paths through a gateway require a Service, a pod and a listener', async t => {
  const pathLines = (yaml: string, without: readonly ('Pod' | 'Service' | 'Gateway')[] = []) => {
    const state = without.reduce((state, kind) => state.withAll(kind, []), stockWith(yaml))
    return pathsTo(state, 'sklearn-iris').filter(line => line.startsWith('external') || line.startsWith('non-mesh'))
  }
  t.match(
    pathLines('', ['Gateway']),
    [/caller->ingress-gateway no-endpoints/, /caller->local-gateway no-listener/],
    'no Gateways'
  )
  t.match(
    pathLines('', ['Service']),
    [/caller->ingress-gateway no-endpoints/, /caller->local-gateway no-endpoints/],
    'no Services'
  )
  t.match(
    pathLines('', ['Pod']),
    [/no-endpoints/, /non-mesh address serve/],
    'a pod that matches the Service selector is assumed'
  )
  const service = (spec: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: istio-ingressgateway }
spec: ${spec}
`
  const internal = '{ selector: { istio: ingressgateway }, ports: [{ name: http2, port: 80, targetPort: 8080 }] }'
  t.match(
    pathLines(service(internal)),
    [/external address serve/, /non-mesh/],
    'ClusterIP Service is used without a LoadBalancer Service'
  )
  const headless =
    '{ type: LoadBalancer, clusterIP: None, selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: nope }] }'
  t.match(
    pathLines(service(headless)),
    [/caller->ingress-gateway no-endpoints/, /non-mesh/],
    'targetPort that no pod has'
  )
})

t.test('callers without a sidecar can use TLS at a gateway', async t => {
  const config = map('kserve', 'inferenceservice-config', {
    ingress: JSON.stringify({
      ingressGateway: 'knative-serving/knative-ingress-gateway',
      knativeLocalGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
      localGateway: 'istio-system/border',
      localGatewayService: 'border.istio-system.svc.cluster.local'
    })
  })
  const border = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: istio-system, name: border }
spec:
  selector: { istio: ingressgateway }
  servers: [{ hosts: ["*"], port: { name: https, number: 8445, protocol: HTTPS }, tls: { mode: SIMPLE, credentialName: c } }]
---
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: border, labels: { experimental.istio.io/disable-gateway-port-translation: "" } }
spec: { selector: { istio: ingressgateway }, ports: [{ name: https, port: 443, targetPort: 8445 }] }
`
  const pathLines = pathsTo(stockWith(`${config}---${border}`), 'sklearn-iris').filter(line =>
    line.startsWith('non-mesh')
  )
  t.same(pathLines, ['non-mesh address serve caller->local-gateway, ingress-gateway->local-gateway, gateway->pod'])
})

t.test('pods of an ambient namespace have ztunnel, and those with a sidecar keep it', async t => {
  const namespace = (labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: user1, labels: { istio.io/dataplane-mode: ambient ${labels} } }
`
  const serverOf = (yaml: string, name = 'a') => {
    const state = stockWith(`${model('a')}---${yaml}`)
    const service = state.get('InferenceService', 'user1', name)
    const [path] = service === undefined ? [] : pathsOf(state, service)
    return path?.hops.at(-1)?.calls[0]?.connection.server.at
  }
  t.equal(serverOf(namespace('')), 'ztunnel')
  t.equal(serverOf(namespace(', istio-injection: enabled')), 'sidecar', 'injected pods')
  t.equal(serverOf(namespace(''), 'sklearn-iris'), 'sidecar', 'running pods with a sidecar')
})

t.test('an invalid KServe configuration blocks new models', async t => {
  const config = map('kserve', 'inferenceservice-config', { ingress: '{ "disableIstioVirtualHost": false }' })
  t.same(
    pathsTo(stockWith(`${config}---${model('a')}`), 'a'),
    ['external', 'in-mesh', 'non-mesh'].map(caller => `${caller} address controller configuration-rejected`),
    'new model is rejected'
  )
  const existing = model('a', ', creationTimestamp: "2026-01-01T00:00:00Z"')
  t.notOk(
    pathsTo(stockWith(`${config}---${existing}`), 'a').some(line => line.includes('controller')),
    'existing model is not rejected'
  )
})

t.test('transformer and explainer call the predictor', async t => {
  const spec = (transformer = '') =>
    `predictor: { serviceAccountName: p, sklearn: {} }, transformer: { serviceAccountName: t ${transformer} }, explainer: {}`
  const componentPaths = (annotations: string, yaml = '', transformer = '') =>
    pathsTo(stockWith(`${model('a', `, annotations: { ${annotations} }`, spec(transformer))}${yaml}`), 'a').filter(
      line => line.includes('(user1) transformer') || line.includes('explainer')
    )
  const burst = 'autoscaling.knative.dev/targetBurstCapacity: "0"'
  t.same(componentPaths(burst), [
    'in-mesh (user1) transformer serve caller->pod',
    'in-mesh (user1) explainer serve caller->pod'
  ])
  t.same(componentPaths('serving.kserve.io/deploymentMode: Standard'), [
    'in-mesh (user1) transformer caller->pod',
    'in-mesh (user1) explainer caller->pod'
  ])
  const withoutSidecar = ', labels: { sidecar.istio.io/inject: "false" }'
  t.same(
    componentPaths(burst, '', withoutSidecar),
    [
      'non-mesh (user1) transformer serve caller->local-gateway, gateway->pod',
      'in-mesh (user1) explainer serve caller->pod'
    ],
    'a transformer without a sidecar uses the local gateway'
  )
  const accounts = (names: string) => `
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: p }
spec: { selector: { matchLabels: { component: predictor } }, rules: [{ from: [{ source: { serviceAccounts: [${names}] } }] }, { to: [{ operation: { paths: [/metrics] } }] }] }
`
  t.same(
    componentPaths(burst, accounts('t')),
    ['in-mesh (user1) transformer serve caller->pod', 'in-mesh (user1) explainer serve caller->pod refused-by-policy'],
    'each component uses its own service account'
  )
})

t.test('an explainer calls the predictor', async t => {
  const pathLines = pathsTo(stockWith(model('a', '', 'predictor: { sklearn: {} }, explainer: {}')), 'a')
  t.same(
    pathLines.filter(line => line.startsWith('probe') || line.includes('explainer')),
    [
      'probe autoscaler autoscaler->pod',
      'in-mesh (user1) explainer serve caller->pod',
      'in-mesh (user1) explainer proxy caller->activator, activator->pod'
    ]
  )
})

t.test('a model with only an explainer has no paths', async t => {
  t.same(pathsTo(stockWith(model('a', '', 'explainer: {}')), 'a'), [])
})

t.test('a transformer without a predictor sends no requests', async t => {
  const pathLines = pathsTo(stockWith(model('a', '', 'transformer: {}')), 'a')
  t.ok(pathLines.length > 0)
  t.notOk(pathLines.some(line => line.includes('(user1)')))
})

t.test('clients send mTLS to an excluded inbound port, which accepts only plaintext', async t => {
  const excluding = model('new', ', annotations: { traffic.sidecar.istio.io/excludeInboundPorts: "8012, 15000" }')
  const state = stockWith(`${excluding}---
apiVersion: v1
kind: Namespace
metadata: { name: user1, labels: { istio-injection: enabled } }
`)
  t.ok(pathsTo(state, 'new').includes('in-mesh component serve caller->pod mtls-to-workload-without-sidecar'))
})

t.test('paths to existing models are unknown with an invalid KServe configuration', async t => {
  const invalidConfig = map('kserve', 'inferenceservice-config', { ingress: '{}' })
  t.same(pathsTo(stockWith(invalidConfig), 'sklearn-iris'), [
    'in-mesh address caller->pod unknown: KServe rejects its configuration; objects that it created before are not modeled'
  ])
})

t.test('the JWT that passes the most hops is used', async t => {
  const state = stockWith(`
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: istio-system, name: tokens }
spec: { selector: { matchLabels: { istio: ingressgateway } }, jwtRules: [{ issuer: issuer }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: istio-system, name: tokens }
spec:
  selector: { matchLabels: { istio: ingressgateway } }
  action: DENY
  rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }]
`)
  t.ok(
    pathsTo(state, 'sklearn-iris').includes(
      'external address caller->ingress-gateway, ingress-gateway->local-gateway token-never-valid'
    ),
    'the gateway strips the JWT on the first hop'
  )
})
