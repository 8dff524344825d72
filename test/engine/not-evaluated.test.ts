import t from 'tap'
import { type Decision, decide, decideState } from '../../src/engine/decide.ts'
import { explain } from '../../src/engine/explain.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import {
  authorization,
  clientRule,
  configMap,
  kserveConfig,
  model,
  namespace,
  networkPolicy,
  pod,
  policy,
  together
} from '../support/objects.ts'
import { pathsTo, unknownReasons } from '../support/paths.ts'
import { resourceOf, stockWith, withoutPods } from '../support/snapshot.ts'

/** Objects of namespace `amb` instead of `user1`, whose pods have sidecars. */
const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')

/** Decision about an object that is created, updated or, with `deleting`, deleted. */
function decisionOn(state: Snapshot, yaml: string, deleting = false): Decision {
  const after = resourceOf(yaml)
  const before = state.get(after.kind, after.namespace, after.name)
  const change = deleting
    ? { operation: 'DELETE', before }
    : before === undefined
      ? { operation: 'CREATE', after }
      : { operation: 'UPDATE', before, after: { ...after, created: before.created } }
  return decide(state, change as Change, RULES, DEFAULT_POLICY)
}

const reasonsOf = ({ notEvaluated }: Pick<Decision, 'notEvaluated'>) => notEvaluated.map(({ reason }) => reason)

const AMBIENT = 'istio.io/dataplane-mode: ambient'
const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const ambientModel = together(namespace(AMBIENT), model(''))
const DENY_ALL = authorization('user1', '{}')
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const labelled = (labels: string) =>
  model(STANDARD, `predictor: { labels: { ${labels} }, model: { modelFormat: { name: sklearn } } }`)

const RUNNING = pod('user1', 'new-0', 'serving.kserve.io/inferenceservice: new, component: predictor', 'none')

const labelledService = (labels: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor, labels: { ${labels} } }
spec: { selector: { app: isvc.new-predictor }, ports: [{ port: 80, targetPort: 8080, name: http }] }
`
const WAYPOINT = 'istio.io/use-waypoint: waypoint, istio.io/use-waypoint-canary: next'
const waypoint = (name = 'waypoint', namespace = 'user1') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { namespace: ${namespace}, name: ${name} }
spec: { gatewayClassName: istio-waypoint, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
`
const toWaypoint = authorization(
  'user1',
  '{ targetRefs: [{ kind: Gateway, group: gateway.networking.k8s.io, name: waypoint }] }'
)
const standardModel = together(namespace(AMBIENT), model(STANDARD), labelledService('team: a'))
const meshRoute = (parent: string, namespace = 'user1') => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: ${namespace}, name: split }
spec: { parentRefs: [{ ${parent} }], rules: [{ backendRefs: [{ name: other, port: 80 }] }] }
`

const SERVER = 'amb/new: label istio.io/use-waypoint-canary is not modeled'

/** By test name: state, changed object, and the start of each reason that the decision carries. */
const CHANGES: Readonly<Record<string, readonly [state: string, change: string, reasons: readonly string[]]>> = {
  'waypoint of a Service': [standardModel, labelledService(WAYPOINT), [SERVER]],
  'another label of a Service': [standardModel, labelledService('team: b'), []],
  'waypoint of pods whose Service is called': [
    together(namespace(AMBIENT), labelled('team: a')),
    labelled(WAYPOINT),
    []
  ],
  'new Gateway of the waypoint': [
    together(namespace(`${AMBIENT}, ${WAYPOINT}`), model(STANDARD)),
    waypoint(),
    [SERVER]
  ],
  'new Gateway of the waypoint in another namespace': [
    together(namespace(`${AMBIENT}, ${WAYPOINT}, istio.io/use-waypoint-namespace: edge`), model(STANDARD)),
    waypoint('waypoint', 'edge'),
    [SERVER]
  ],
  'new Gateway of no waypoint': [
    together(namespace(`${AMBIENT}, ${WAYPOINT}`), model(STANDARD)),
    waypoint('other'),
    []
  ],
  'policy for the waypoint of a Service': [
    together(standardModel, labelledService(WAYPOINT), waypoint()),
    toWaypoint,
    [SERVER]
  ],
  'policy for a waypoint that nothing uses': [together(standardModel, waypoint()), toWaypoint, []],
  'unrelated object': [ambientModel, configMap('user1', 'notes', { text: 'hello' }), []],
  'AuthorizationPolicy on another namespace': [ambientModel, authorization('batch', '{}'), []],
  'DestinationRule for another host': [
    ambientModel,
    clientRule('other.user1.svc.cluster.local', '{ tls: { mode: DISABLE } }'),
    []
  ],
  'AuthorizationPolicy on a Gateway of an ambient namespace': [
    ambientModel,
    authorization('user1', '{ targetRefs: [{ kind: Gateway, group: gateway.networking.k8s.io, name: other }] }'),
    []
  ],
  'new pods of an ambient model': [
    together(labelled(AMBIENT), RUNNING.replace('component:', `${AMBIENT}, component:`)),
    labelled(`${AMBIENT}, team: blue`),
    []
  ],
  'namespace with another label': [ambientModel, namespace(`${AMBIENT}, team: blue`), []],
  'pods that opt out of ambient mode': [
    together(namespace(AMBIENT), labelled('istio.io/dataplane-mode: none')),
    policy('user1', '{ mtls: { mode: PERMISSIVE } }'),
    []
  ]
}

/** Rules that hold in ambient mode as well. */
const ABOUT_AMBIENT = ['knative-model-in-ambient-mode', 'target-ref-not-found']

for (const [name, [state, change, reasons]] of Object.entries(CHANGES)) {
  t.test(`change: ${name}`, async t => {
    const decision = decisionOn(stockWith(amb(state)), amb(change))
    const rules = decision.findings.map(({ rule }) => rule).filter(rule => !ABOUT_AMBIENT.includes(rule))
    t.same(rules, [], 'no rule speaks as if the pods had no proxy, or a sidecar')
    const found = reasonsOf(decision)
    t.equal(found.length, reasons.length, found.join('\n'))
    for (const [i, reason] of reasons.entries()) t.ok(found[i]?.startsWith(reason))
  })
}

const publicGateway = kserveConfig({ enableGatewayApi: true, kserveIngressGateway: 'gateways/public' })
const NO_PROXY = 'Gateway API Gateway gateways/public has no Istio gateway pods; other proxies are not modeled'

t.test('a change behind a gateway whose proxies are not found is not evaluated', async t => {
  const state = stockWith(together(publicGateway, amb(namespace('istio-injection: enabled')), amb(model(STANDARD))))
  t.same(reasonsOf(decisionOn(state, amb(STRICT))), [`amb/new: ${NO_PROXY} at caller->ingress-gateway`])
  t.same(reasonsOf(decisionOn(state, policy('user2', '{ mtls: { mode: STRICT } }'))), [])
})

t.test('a change behind a public host that is not known is not evaluated', async t => {
  const template = configMap('knative-serving', 'config-network', { 'domain-template': '{{.Name | x}}' })
  const carried = (change: string) => reasonsOf(decisionOn(stockWith(template), change)).join()
  t.match(
    carried(authorization('user1', '{}')),
    /^user1\/sklearn-iris, .*: domain-template .* caller->ingress-gateway$/
  )
  t.equal(carried(authorization('batch', '{}')), '')
})

t.test('a change behind a KServe configuration that is rejected is not evaluated', async t => {
  const state = stockWith(configMap('kserve', 'inferenceservice-config', { ingress: '{}' }))
  const reason = 'KServe rejects its configuration; objects that it created before are not modeled'
  const { decision, notEvaluated } = decisionOn(state, authorization('user1', '{}'))
  t.equal(decision, 'warn')
  t.match(notEvaluated, [{ rule: 'paths', missing: [], reason: new RegExp(`^user1/.*: ${reason} at caller->pod$`) }])
  t.same(reasonsOf(decisionOn(state, authorization('batch', '{}'))), [])
})

t.test('a state lists all unknown paths, and only the first models by name', async t => {
  const models = ['new', 'second', 'third'].map(name => model(STANDARD).replace('name: new', `name: ${name}`))
  const state = stockWith(amb(together(namespace(`${AMBIENT}, ${WAYPOINT}`), ...models)))
  const { decision, notEvaluated } = decideState(state, RULES, DEFAULT_POLICY)
  t.equal(decision, 'warn')
  t.match(notEvaluated, [{ reason: /^amb\/new, amb\/second and 1 more: label istio\.io/ }])
})

t.test('`unevaluated: deny` denies a change that is not evaluated', async t => {
  const change: Change = { operation: 'CREATE', after: resourceOf(amb(labelledService(WAYPOINT))) }
  const state = stockWith(amb(together(namespace(AMBIENT), model(STANDARD))))
  t.equal(decide(state, change, RULES, { ...DEFAULT_POLICY, unevaluated: 'deny' }).decision, 'deny')
})

const llm = (metadata = '', spec = '{ router: { gateway: {} } }') => `
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: { namespace: user1, name: llama ${metadata} }
spec: ${spec}
`
const LLM = 'LLMInferenceService amb/llama: LLMInferenceServices are not modeled at gateway->pod'
const labels = 'app.kubernetes.io/name: llama, app.kubernetes.io/part-of: llminferenceservice'
const selecting = (labels: string) => authorization('user1', `{ selector: { matchLabels: { ${labels} } } }`)
const toLlm = (name: string) => clientRule(`${name}.user1.svc.cluster.local`, '{ tls: { mode: SIMPLE } }')

/** By test name: state, changed object, and whether the decision says that the LLMInferenceService is not evaluated. */
const LLM_CHANGES: Readonly<Record<string, readonly [state: string, change: string, isCarried: boolean]>> = {
  'new LLMInferenceService': [namespace('team: a'), llm(), true],
  'changed router': [llm(), llm('', '{ router: { scheduler: {} } }'), true],
  'W12: AuthorizationPolicy on its namespace': [llm(), DENY_ALL, true],
  'W12: STRICT on its namespace': [llm(), STRICT, true],
  'DestinationRule for its workload': [llm(), toLlm('llama-kserve-workload-svc'), true],
  'DestinationRule for its endpoint picker': [llm(), toLlm('llama-epp-service'), true],
  'DestinationRule for its InferencePool': [llm(), toLlm('llama-inference-pool-ip-0f3e'), true],
  'DestinationRule for another host': [llm(), toLlm('llama'), false],
  'policy that selects its scheduler': [
    llm(),
    selecting('app.kubernetes.io/component: llminferenceservice-router-scheduler'),
    true
  ],
  'policy that selects its running pods': [
    together(llm(), pod('user1', 'llama-0', `${labels}, role: decode`, 'none')),
    selecting('role: decode'),
    true
  ],
  'policy that selects other pods': [llm(), selecting('app: other'), false],
  'policy of another namespace': [llm(), authorization('batch', '{}'), false],
  'namespace becomes ambient': [together(namespace('team: a'), llm()), namespace(AMBIENT), true]
}

for (const [name, [state, change, isCarried]] of Object.entries(LLM_CHANGES)) {
  t.test(`LLMInferenceService: ${name}`, async t => {
    const decision = decisionOn(stockWith(amb(state)), amb(change))
    t.same(reasonsOf(decision), isCarried ? [LLM] : [])
    t.equal(decision.decision, isCarried ? 'warn' : 'allow')
  })
}

t.test('an LLMInferenceService that is deleted is evaluated', async t => {
  t.same(reasonsOf(decisionOn(stockWith(llm()), llm(), true)), [])
})

t.test(
  'W9: STRICT behind a gateway that sends plaintext is denied, behind one that is not found not evaluated',
  async t => {
    const owner = 'gateway.envoyproxy.io/owning-gateway-namespace: gateways'
    const envoy = pod(
      'envoy-gateway-system',
      'a',
      `gateway.envoyproxy.io/owning-gateway-name: public, ${owner}`,
      'none'
    )
    const state = together(publicGateway, amb(namespace('istio-injection: enabled')), amb(model(STANDARD)))
    t.equal(decisionOn(stockWith(state), amb(STRICT)).decision, 'warn')
    t.equal(decisionOn(stockWith(together(state, envoy)), amb(STRICT)).decision, 'deny')
  }
)

t.test('W24: a policy on pods behind an ingress gateway of another namespace is evaluated', async t => {
  const edge = pod('istio-ingress', 'edge', 'istio: edge', 'router', ', serviceAccountName: edge')
  const mesh = configMap('istio-system', 'istio', { mesh: 'ingressSelector: edge' })
  const state = stockWith(together(mesh, edge, amb(namespace('istio-injection: enabled')), amb(model(STANDARD))))
  const denying = '{ action: DENY, rules: [{ from: [{ source: { namespaces: [istio-ingress] } }] }] }'
  const { findings, notEvaluated } = decisionOn(state, amb(authorization('user1', denying)))
  t.same(notEvaluated, [])
  const denied = findings.filter(({ rule }) => rule === 'policy-denies-request-path')
  t.match(denied, [{ blocked: [{ caller: 'external', hop: 'gateway->pod' }] }])
})

const asking = (provider: string, rules = '[{ to: [{ operation: { notPaths: [/healthz] } }] }]') =>
  authorization('user1', `{ action: CUSTOM, provider: { name: ${provider} }, rules: ${rules} }`)
const PROVIDERS = configMap('istio-system', 'istio', {
  mesh: 'extensionProviders: [{ name: opa, envoyExtAuthzGrpc: {} }, { name: oidc, envoyExtAuthzHttp: {} }]'
})
const ANSWER = /^user1\/sklearn-iris, user1\/sklearn-iris-burst: answer of CUSTOM provider opa is not modeled at /

t.test('a CUSTOM policy on a path is listed, but does not change the decision', async t => {
  const { decision, notEvaluated } = decisionOn(stockWith(PROVIDERS), asking('opa'))
  t.match([decision, notEvaluated], ['allow', [{ rule: 'answers', missing: [], reason: ANSWER }]])
  const state = stockWith(together(PROVIDERS, asking('oidc')))
  t.match(reasonsOf(decisionOn(state, asking('opa'))), [ANSWER], 'another provider')
  t.match(reasonsOf(decisionOn(state, asking('oidc', '[{}]'))).length, 1, 'other rules')
  const change: Change = { operation: 'CREATE', after: resourceOf(asking('opa')) }
  const strict = { ...DEFAULT_POLICY, unevaluated: 'deny' as const }
  t.equal(decide(stockWith(PROVIDERS), change, RULES, strict).decision, 'deny')
})

t.test('a CUSTOM policy that exists is not listed for other changes', async t => {
  const state = stockWith(together(PROVIDERS, asking('opa')))
  t.same(reasonsOf(decisionOn(state, policy('user1', '{ mtls: { mode: PERMISSIVE } }'))), [])
  t.same(reasonsOf(decisionOn(state, model(''))), [], 'new model')
  t.same(reasonsOf(decisionOn(state, asking('opa'), true)), [], 'deleted policy')
  t.same(decideState(state, RULES, DEFAULT_POLICY).notEvaluated, [])
  const elsewhere = '[{ to: [{ operation: { hosts: [other.example.com] } }] }]'
  t.same(reasonsOf(decisionOn(stockWith(PROVIDERS), asking('opa', elsewhere))), [], 'policy that cannot match')
})

const SIDECARS = together(namespace('istio-injection: enabled'), model(STANDARD))
const SPLIT =
  'user1/new: HTTPRoute user1/split is for requests to a Service; its routes in sidecars are not modeled at '
const OF_SERVICE = 'group: "", kind: Service, name: new-predictor'
const HTTP = 'listeners: [{ name: http, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }]'
const HOPS = '{ key: kubernetes.io/metadata.name, operator: In, values: [istio-system, knative-serving] }'
const FROM_TEAM =
  `ingress: [{ from: [{ namespaceSelector: { matchExpressions: [${HOPS}] } }, ` +
  '{ namespaceSelector: { matchLabels: { team: a } } }] }]'
const gatewayObject = (spec: string, name = 'public') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { namespace: gateways, name: ${name} }
spec: { gatewayClassName: istio, ${spec} }
`
const gatewayClass = (name: string, controller: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${name} }
spec: { controllerName: ${controller} }
`
const ISOLATED = 'user1/sklearn-iris, user1/sklearn-iris-burst: NetworkPolicy user1/isolate is not evaluated at '
const gatewayPod = pod('gateways', 'a', 'gateway.networking.k8s.io/gateway-name: public', 'router')
const published = together(publicGateway, gatewayPod, gatewayObject(HTTP), model(STANDARD))
const PUBLIC = 'user1/new: Gateway gateways/public is not evaluated at caller->ingress-gateway'

/** By test name: state, changed object, and the start of the reason that the decision carries, if any. */
const OBJECTS: Readonly<
  Record<string, readonly [state: string, change: string, reason?: string | undefined, deleting?: boolean]>
> = {
  'NetworkPolicy for callers with labels': ['', networkPolicy(`{ podSelector: {}, ${FROM_TEAM} }`), ISOLATED],
  'NetworkPolicy for callers with labels, by an expression': [
    '',
    networkPolicy(
      `{ podSelector: { matchExpressions: [{ key: component, operator: In, values: [predictor] }] }, ${FROM_TEAM} }`
    ),
    ISOLATED
  ],
  'changed NetworkPolicy': [
    networkPolicy(`{ podSelector: {}, ${FROM_TEAM} }`),
    networkPolicy(`{ podSelector: {}, ${FROM_TEAM.replace('team: a', 'team: b')} }`),
    ISOLATED
  ],
  'NetworkPolicy for callers of the activator': [
    '',
    networkPolicy(`{ podSelector: { matchLabels: { app: activator } }, ${FROM_TEAM} }`, 'knative-serving'),
    'user1/sklearn-iris-burst: NetworkPolicy knative-serving/isolate is not evaluated at caller->activator'
  ],
  'NetworkPolicy on a webhook': [
    '',
    networkPolicy('{ podSelector: { matchLabels: { control-plane: kserve-controller-manager } } }', 'kserve'),
    'webhook kserve/kserve-webhook-server-service:443: NetworkPolicy kserve/isolate is not evaluated at apiserver->webhook'
  ],
  'NetworkPolicy that admits every address to a webhook': [
    '',
    networkPolicy('{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }', 'kserve')
  ],
  'NetworkPolicy that admits every connection': ['', networkPolicy('{ podSelector: {}, ingress: [{}] }')],
  'NetworkPolicy on other pods': ['', networkPolicy('{ podSelector: { matchLabels: { app: other } } }')],
  'NetworkPolicy of another namespace': ['', networkPolicy('{ podSelector: {} }', 'batch')],
  'deleted NetworkPolicy': [networkPolicy('{}'), networkPolicy('{}'), undefined, true],
  'another object beside a NetworkPolicy': [
    networkPolicy(`{ ${FROM_TEAM} }`),
    policy('user1', '{ mtls: { mode: PERMISSIVE } }')
  ],
  'new model beside a NetworkPolicy': [networkPolicy(`{ ${FROM_TEAM} }`), model('')],
  'HTTPRoute for the Service of a model': [SIDECARS, meshRoute(OF_SERVICE), SPLIT],
  'HTTPRoute for a Service in its namespace': [SIDECARS, meshRoute(`${OF_SERVICE}, namespace: user1`), SPLIT],
  'HTTPRoute for a Service in another namespace': [SIDECARS, meshRoute(`${OF_SERVICE}, namespace: batch`)],
  'HTTPRoute for another Service': [SIDECARS, meshRoute('group: "", kind: Service, name: other')],
  'HTTPRoute for a Service of no API group': [SIDECARS, meshRoute('kind: Service, name: new-predictor')],
  'HTTPRoute for a Gateway of the name of a Service': [SIDECARS, meshRoute('kind: Gateway, name: new-predictor')],
  'HTTPRoute for the Service of the InferenceService URL': [
    '',
    meshRoute('group: "", kind: Service, name: sklearn-iris'),
    SPLIT.replace('new', 'sklearn-iris')
  ],
  'AuthorizationPolicy behind an HTTPRoute for the Service': [
    together(SIDECARS, meshRoute(OF_SERVICE)),
    authorization(
      'user1',
      '{ selector: { matchLabels: { serving.kserve.io/inferenceservice: new } }, rules: [{ from: [{ source: { namespaces: [istio-system] } }] }] }'
    ),
    SPLIT
  ],
  'another policy behind an HTTPRoute for the Service': [
    together(SIDECARS, meshRoute(OF_SERVICE)),
    policy('batch', '{ mtls: { mode: STRICT } }')
  ],
  'deleted Gateway whose class does not exist': [published, gatewayObject(''), PUBLIC, true],
  'GatewayClass of a controller that is not modeled': [
    published,
    gatewayClass('istio', 'example.com/controller'),
    'user1/new: GatewayClass istio of example.com/controller is not modeled at caller->ingress-gateway'
  ],
  'GatewayClass of Istio': [published, gatewayClass('istio', 'istio.io/gateway-controller')],
  'another Gateway': [published, gatewayObject('', 'other')],
  'another GatewayClass': [published, gatewayClass('envoy', 'gateway.envoyproxy.io/gatewayclass-controller')],
  'Gateway that KServe does not use': [together(gatewayPod, model(STANDARD)), gatewayObject('')]
}

for (const [name, [state, change, reason, deleting]] of Object.entries(OBJECTS)) {
  t.test(`object: ${name}`, async t => {
    const decision = decisionOn(stockWith(state), change, deleting)
    t.equal(decision.decision, reason === undefined ? 'allow' : 'warn')
    const found = reasonsOf(decision)
    t.equal(found.length, reason === undefined ? 0 : 1, found.join('\n'))
    t.ok(reason === undefined || found[0]?.startsWith(reason))
  })
}

t.test('gateways of an ambient namespace are not evaluated', async t => {
  const gateway = pod('istio-system', 'gateway', 'istio: ingressgateway, app: istio-ingressgateway', 'router')
  const captured = resourceOf(
    gateway.replace('metadata: {', 'metadata: { annotations: { ambient.istio.io/redirection: enabled },')
  )
  const state = withoutPods(stockWith(namespace(AMBIENT).replace('user1', 'istio-system')), 'istio-system').apply({
    operation: 'CREATE',
    after: captured
  })
  t.match(unknownReasons(state, 'sklearn-iris'), ['a gateway in ambient mode is not modeled'])
})

t.test('a call that fails decides, whatever becomes of a call that is not evaluated', async t => {
  const serving = (name: string, proxy: 'none' | 'sidecar') =>
    pod('user1', name, 'serving.kserve.io/inferenceservice: new, component: predictor, app: isvc.new-predictor', proxy)
  const state = stockWith(
    together(namespace(AMBIENT), model(STANDARD), serving('new-0', 'none'), serving('new-1', 'sidecar'), STRICT)
  )
  const lines = pathsTo(state, 'new')
  t.ok(lines.includes('non-mesh address caller->pod plaintext-to-strict-workload'), lines.join('\n'))
})

t.test('explain lists what it cannot read', async t => {
  const state = stockWith(llm()).withUnreadable(new Map([['LLMInferenceService', 'forbidden'] as const]))
  t.match(explain(state, () => true, RULES, DEFAULT_POLICY).notEvaluated, [
    { rule: 'paths', missing: ['LLMInferenceService'], reason: 'LLMInferenceService: forbidden' }
  ])
})

t.test('policies that match on addresses before all proxies', async t => {
  const spec = (action: string, source: string) =>
    `{ action: ${action}, rules: [null, { from: [{ source: ${source} }] }] }`
  const decided = (yaml: string, ...objects: readonly string[]) => {
    const decision = decisionOn(
      stockWith(together(model(', creationTimestamp: "2026-01-01T00:00:00Z"'), ...objects)),
      yaml
    )
    return [decision.decision, ...reasonsOf(decision)]
  }
  const byAddress = authorization('istio-system', spec('DENY', '{ notRemoteIpBlocks: [10.0.0.0/8] }'))
  const [decision, ...reasons] = decided(byAddress)
  t.equal(decision, 'warn')
  t.match(reasons, [/AuthorizationPolicy istio-system\/rules matches on remote.ip, which is not modeled/])
  t.same(decided(byAddress, byAddress), ['allow'], 'unchanged')
})
