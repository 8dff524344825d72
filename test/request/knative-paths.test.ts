import t from 'tap'
import {
  authentication,
  authorization,
  clientRule,
  configMap,
  gateway,
  kserveConfig,
  model,
  namespace,
  pod,
  policy,
  together
} from '../support/objects.ts'
import { pathsTo } from '../support/paths.ts'
import { stockWith, withoutPods } from '../support/snapshot.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const probes = (pathLines: readonly string[]) => pathLines.filter(line => line.startsWith('probe'))
const annotated = (annotations: string, ...objects: readonly string[]) =>
  pathsTo(stockWith(together(model(`, annotations: { ${annotations} }`), ...objects)), 'new')
const burst = (value: string) => `autoscaling.knative.dev/targetBurstCapacity: "${value}"`

t.test('the autoscaler scrapes the pods', async t => {
  const scraped = ['probe autoscaler autoscaler->pod']
  t.same(probes(annotated('a: b')), scraped)
  t.same(probes(annotated(burst('0'))), scraped)
  t.same(probes(annotated(burst('-1'))), [], 'autoscaler does not scrape: the activator reports all requests')
  t.same(probes(annotated(burst('NaN'))), [])
  t.same(
    probes(annotated('autoscaling.knative.dev/class: hpa.autoscaling.knative.dev')),
    [],
    'autoscaler does not scrape with HPA'
  )
  t.same(probes(annotated(burst('x'))), [], 'autoscaler does not scrape a rejected revision')
  const allowGatewayOnly = authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [istio-system] } }] }] }')
  t.same(probes(annotated(burst('0'), allowGatewayOnly)), ['probe autoscaler autoscaler->pod refused-by-policy'])
  const notInjected = namespace('istio-injection: disabled').replace('user1', 'knative-serving')
  const withoutSidecars = withoutPods(stockWith(together(STRICT, notInjected)), 'knative-serving')
  t.same(probes(pathsTo(withoutSidecars, 'sklearn-iris')), [
    'probe autoscaler autoscaler->pod plaintext-to-strict-workload'
  ])
})

t.test('activator stays on the path if a policy denies the autoscaler', async t => {
  const rules = (more: string) =>
    authorization('user1', `{ rules: [{ from: [{ source: { namespaces: [istio-system] } }] } ${more}] }`)
  const externalPaths = (...objects: readonly string[]) =>
    annotated(burst('0'), ...objects).filter(line => line.startsWith('external'))
  const line = 'external address serve caller->ingress-gateway, ingress-gateway->local-gateway, gateway->pod'
  t.same(externalPaths(rules(', { to: [{ operation: { paths: [/metrics] } }] }')), [line])
  t.same(externalPaths(rules('')), [
    line,
    'external address proxy caller->ingress-gateway, ingress-gateway->local-gateway, gateway->activator, activator->pod refused-by-policy'
  ])
})

t.test('kubelet probes reach the sidecar unless they are rewritten', async t => {
  const rewrite = 'sidecar.istio.io/rewriteAppHTTPProbers: "false"'
  const kubelet = (...objects: readonly string[]) =>
    annotated(rewrite, ...objects).filter(line => line.startsWith('probe kubelet'))
  t.same(kubelet(), ['probe kubelet kubelet->pod'])
  t.same(kubelet(STRICT), ['probe kubelet kubelet->pod plaintext-to-strict-workload'])
  t.same(kubelet(authorization('user1', '{ rules: [{ from: [{ source: { principals: ["*"] } }] }] }')), [
    'probe kubelet kubelet->pod refused-by-policy'
  ])
})

t.test('a revision that Knative rejects has no paths', async t => {
  const rejected = [
    'in-mesh component controller configuration-rejected',
    'external address controller configuration-rejected',
    'in-mesh address controller configuration-rejected',
    'non-mesh address controller configuration-rejected'
  ]
  for (const annotation of [
    burst('-2'),
    'networking.knative.dev/visibility: cluster-local',
    'networking.knative.dev/a: b'
  ]) {
    t.same(annotated(annotation), rejected, annotation)
  }
  const direct = annotated('networking.knative.dev/http-protocol: redirected')
  t.notOk(
    direct.some(line => line.includes('rejected')),
    'known annotation is not rejected'
  )
  const onPredictor = model('', `predictor: { annotations: { ${burst('-2')} }, sklearn: {} }`)
  t.same(pathsTo(stockWith(onPredictor), 'new'), rejected, 'annotation of the component')
})

t.test('a gateway that requires a JWT needs a RequestAuthentication', async t => {
  const requireJwt = authorization(
    'istio-system',
    '{ selector: { matchLabels: { istio: ingressgateway } }, rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }] }'
  )
  const external = (...objects: readonly string[]) =>
    annotated(burst('0'), requireJwt, ...objects).filter(line => line.startsWith('external'))
  t.same(external(), ['external address caller->ingress-gateway token-never-valid'], 'JWT that no proxy validates')
  const authenticationSpec =
    '{ selector: { matchLabels: { istio: ingressgateway } }, jwtRules: [{ issuer: a, forwardOriginalToken: true }] }'
  const line = 'external address serve caller->ingress-gateway, ingress-gateway->local-gateway'
  t.same(external(authentication('istio-system', authenticationSpec)), [`${line}, gateway->pod`])
})

t.test('an external path requires a public host, a listener and an external gateway', async t => {
  const external = (...objects: readonly string[]) =>
    annotated(burst('0'), ...objects).filter(line => line.startsWith('external'))
  t.same(external(configMap('knative-serving', 'config-domain', { 'svc.cluster.local': '' })), [])
  t.same(external(gateway('knative-ingress-gateway', '')), ['external address caller->ingress-gateway no-listener'])
  const none = together(
    kserveConfig({ disableIstioVirtualHost: true }),
    configMap('knative-serving', 'config-istio', { 'external-gateways': '[]' })
  )
  t.same(external(none), [])
})

t.test('external paths are unknown with a domain-template that is not modeled', async t => {
  const template = '{{index .Labels "x"}}.{{.Domain}}'
  const state = stockWith(configMap('knative-serving', 'config-network', { 'domain-template': template }))
  const external = pathsTo(state, 'sklearn-iris').filter(path => path.startsWith('external'))
  t.match(external, [/ caller->ingress-gateway unknown: domain-template of ConfigMap /])
})

t.test('callers use routes only if their Sidecar imports the VirtualServices', async t => {
  const sidecar = (hosts: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: user1, name: default }
spec: { egress: [{ hosts: ["${hosts}"] }] }
`
  const [direct, byGateway] = ['component serve caller->pod', 'component serve caller->local-gateway, gateway->pod']
  const local = 'address serve caller->local-gateway, gateway->pod'
  const byTwoGateways = 'address serve caller->local-gateway, ingress-gateway->local-gateway, gateway->pod'
  for (const [hosts, ...expected] of [
    ['*/*', direct, local],
    ['./*', direct, local],
    ['istio-system/*', byGateway, byTwoGateways],
    ['user2/*', byGateway, byTwoGateways]
  ] as const) {
    const own = pathsTo(stockWith(sidecar(hosts)), 'sklearn-iris').filter(line => line.includes('(user1)'))
    t.same(
      own,
      expected.map(line => `in-mesh (user1) ${line}`),
      hosts
    )
  }
})

t.test('during a rollout by canaryTrafficPercent both revisions get requests', async t => {
  const rollout = (percent: number) => `${model(`, annotations: { ${burst('0')} }`)}status:
  components:
    predictor:
      latestReadyRevision: new-predictor-00002
      traffic:
        - { revisionName: new-predictor-00002, percent: ${100 - percent} }
        - { revisionName: new-predictor-00001, percent: ${percent} }
`
  const running = (revision: number) =>
    pod(
      'user1',
      `new-${revision}`,
      `serving.kserve.io/inferenceservice: new, component: predictor, security.istio.io/tlsMode: istio, serving.knative.dev/revision: new-predictor-0000${revision}`,
      'sidecar'
    )
  const disabled = clientRule('new-predictor-00001.user1.svc.cluster.local', '{ tls: { mode: DISABLE } }', 'user1')
  const revisions = (...objects: readonly string[]) =>
    pathsTo(stockWith(together(...objects, STRICT, disabled)), 'new').filter(line =>
      line.startsWith('in-mesh component')
    )
  const latest = 'in-mesh component serve caller->pod'
  t.same(revisions(rollout(10), running(1), running(2)), [
    latest,
    'in-mesh component serve previous caller->pod plaintext-to-strict-workload'
  ])
  t.same(revisions(rollout(0), running(1), running(2)), [latest], 'no share')
  t.same(revisions(rollout(10), running(2)), [latest], 'no pods of the previous revision')
  t.same(
    revisions(rollout(10), running(1)),
    [latest, 'in-mesh component serve previous caller->pod plaintext-to-strict-workload'],
    'no pods of the latest revision'
  )
})

t.test('paths are unknown where a ServiceEntry has the host of a Service', async t => {
  const entry = (host: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { namespace: user2, name: external }
spec: { hosts: [${host}] }
`
  const lines = (host: string) =>
    pathsTo(stockWith(entry(host)), 'sklearn-iris').filter(line => line.includes('unknown'))
  t.same(lines('example.com'), [])
  t.match(lines('sklearn-iris.user1.svc.cluster.local'), [
    /^in-mesh address caller->local-gateway unknown: ServiceEntry /
  ])
  t.match(
    lines('knative-local-gateway.istio-system.svc.cluster.local').map(line => line.split(' unknown')[0]),
    [
      'external address caller->ingress-gateway, ingress-gateway->local-gateway',
      'in-mesh address caller->local-gateway',
      'non-mesh address caller->local-gateway, ingress-gateway->local-gateway'
    ]
  )
})

t.test('a gateway Service without ports has no endpoints', async t => {
  const service = `
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: knative-local-gateway }
spec: { selector: { istio: ingressgateway } }
`
  const lines = pathsTo(stockWith(service), 'sklearn-iris').filter(line => line.startsWith('non-mesh'))
  t.same(lines, ['non-mesh address caller->local-gateway no-endpoints'])
})
