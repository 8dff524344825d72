import t from 'tap'
import { explain } from '../../src/engine/explain.ts'
import { modelKey } from '../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { renderCallResult } from '../../src/report/call-result.ts'
import { explanationSchema, toExplanation } from '../../src/report/explanation.ts'
import { toExplanationText } from '../../src/report/explanation-text.ts'
import { evaluateCall } from '../../src/request/evaluate-call.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { clientRule, gateway, hostTaken, model, pod, policy } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const PODS = 'sklearn-iris-predictor-00001.user1.svc.cluster.local'
const INGRESS_POD = 'Pod istio-system/istio-ingressgateway-6f8d7c9b5-8xk2v'
const MODEL_POD = 'Pod user1/sklearn-iris-predictor-00001-deployment-5685f4d0c-x0k2p'
const LABEL = 'metadata.labels[security.istio.io/tlsMode]'
const RULE = 'DestinationRule istio-system/default'

/** Text output for one model with its hops, as lines without indent. */
function linesOf(state: Snapshot, name = 'user1/sklearn-iris'): readonly string[] {
  const explanation = toExplanation(
    state,
    explain(state, one => modelKey(one) === name, RULES, DEFAULT_POLICY)
  )
  const json = JSON.parse(JSON.stringify(explanation))
  explanationSchema.parse(json)
  return toExplanationText(explanation, 'hops', false)
    .split('\n')
    .map(line => line.trim())
}

const authorization = (more: string, rules: string, namespace = 'user1') => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: ${namespace}, name: access }
spec: { ${more} rules: [${rules}] }
`
const mutual = (hosts: string, name = 'https') =>
  `{ hosts: ["${hosts}"], port: { name: ${name}, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }`
const plain = '{ hosts: ["*"], port: { name: http, number: 8081, protocol: HTTP } }'
const meshConfig = (mesh: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: istio }
data: { mesh: "${mesh}" }
`
const headlessGateway = `
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: knative-local-gateway }
spec: { clusterIP: None, selector: { istio: ingressgateway }, ports: [{ name: http2, port: 80, targetPort: 8081 }] }
`

const TEXTS: Readonly<Record<string, readonly [yaml: string, line: string, model?: string]>> = {
  'client without a sidecar': ['', 'client sends plaintext (client has no sidecar)'],
  'endpoint without the label': [
    '',
    `client sends plaintext (auto mTLS: endpoint has no label security.istio.io/tlsMode=istio; ${INGRESS_POD} ${LABEL})`
  ],
  'endpoint with the label': [
    '',
    `client sends mTLS (auto mTLS: endpoint has label security.istio.io/tlsMode=istio; ${MODEL_POD} ${LABEL})`
  ],
  'pod IP': [
    '',
    'client sends plaintext (client dials the pod IP, which its sidecar forwards unchanged: Pod knative-serving/autoscaler-546dd95779-mqtjh spec.containers)'
  ],
  'DestinationRule DISABLE': [
    clientRule(PODS, '{ tls: { mode: DISABLE } }'),
    `client sends plaintext (TLS settings: ${RULE} spec.trafficPolicy.tls.mode)`
  ],
  'DestinationRule SIMPLE': [
    clientRule(LOCAL, '{ tls: { mode: SIMPLE } }'),
    `client sends non-Istio TLS (TLS settings: ${RULE} spec.trafficPolicy.tls.mode)`
  ],
  'DestinationRule MUTUAL': [
    clientRule(LOCAL, '{ tls: { mode: MUTUAL } }'),
    `client sends custom mTLS (TLS settings: ${RULE} spec.trafficPolicy.tls.mode)`
  ],
  credentialName: [
    clientRule(LOCAL, '{ tls: { mode: SIMPLE, credentialName: a } }'),
    `client sends plaintext (sidecars ignore credentialName: ${RULE} spec.trafficPolicy.tls.mode)`
  ],
  'PeerAuthentication DISABLE at the client': [
    policy('user1', '{ mtls: { mode: DISABLE } }'),
    'client sends plaintext (auto mTLS: PeerAuthentication disables mTLS on the endpoint; PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'enableAutoMtls false': [
    meshConfig('enableAutoMtls: false'),
    'client sends plaintext (no DestinationRule sets TLS, and enableAutoMtls is false: ConfigMap istio-system/istio data.mesh)'
  ],
  'headless Service': [
    headlessGateway,
    'client sends plaintext (original destination cluster: not every endpoint has label security.istio.io/tlsMode=istio; Service istio-system/knative-local-gateway spec.clusterIP)'
  ],
  'load balancer PASSTHROUGH': [
    clientRule(LOCAL, '{ loadBalancer: { simple: PASSTHROUGH } }'),
    `client sends plaintext (original destination cluster: not every endpoint has label security.istio.io/tlsMode=istio; ${RULE} spec.trafficPolicy.loadBalancer)`
  ],
  'PERMISSIVE by default': ['', 'server accepts mTLS and plaintext (PERMISSIVE, Istio default)'],
  'PeerAuthentication DISABLE': [
    policy('user1', '{ mtls: { mode: DISABLE } }'),
    'server accepts only plaintext (DISABLE: PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'PeerAuthentication STRICT': [
    policy('user1', '{ mtls: { mode: STRICT } }'),
    'server accepts only mTLS (STRICT: PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'portLevelMtls STRICT': [
    policy(
      'user1',
      '{ selector: { matchLabels: { component: predictor } }, portLevelMtls: { 8012: { mode: STRICT } } }'
    ),
    'server accepts only mTLS (STRICT: PeerAuthentication user1/default spec.portLevelMtls[8012].mode)'
  ],
  'portLevelMtls of another port': [
    policy(
      'user1',
      '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT }, portLevelMtls: { 80: { mode: DISABLE } } }'
    ),
    'server accepts only mTLS (STRICT: PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'server without a sidecar': [
    model(', labels: { sidecar.istio.io/inject: "false" }'),
    'server accepts only plaintext (pod has no sidecar: Pod user1/new-predictor (next pod) spec.containers)',
    'user1/new'
  ],
  'authorization without a sidecar': [
    model(', labels: { sidecar.istio.io/inject: "false" }'),
    'authz: allowed, unauthenticated (no sidecar enforces policies)',
    'user1/new'
  ],
  'plaintext gateway': [
    '',
    'server accepts plaintext HTTP (HTTP: Gateway knative-serving/knative-local-gateway spec.servers[0].port.protocol)'
  ],
  'dual-mode gateway': [
    `${gateway('knative-local-gateway', `${mutual('*.local')}, ${plain}`)}---${clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')}`,
    'server accepts only mTLS, SNI *.local (ISTIO_MUTUAL: Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode)'
  ],
  'ISTIO_MUTUAL gateway': [
    gateway('knative-local-gateway', mutual('*')),
    'server accepts only mTLS (ISTIO_MUTUAL: Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode)'
  ],
  'gateway port without a server': [
    gateway('knative-local-gateway', plain.replace('8081', '9999')),
    `server accepts no connections on port 8081 (no Gateway has a server on this port: ${INGRESS_POD} metadata.labels)`
  ],
  'rejected listener': [
    gateway('knative-local-gateway', `${mutual('*')}, ${plain}`),
    'server accepts no connections (Envoy rejects the listener: duplicate filter chain match; Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode)'
  ],
  'ALLOW rule': [
    authorization('', '{ from: [{ source: { namespaces: [user1, istio-system] } }] }'),
    'authz: allowed, user1/default (an ALLOW rule matches: AuthorizationPolicy user1/access spec.rules)'
  ],
  'no ALLOW rule': [
    authorization('', '{ from: [{ source: { namespaces: [user1] } }] }'),
    'authz: denied, 403 RBAC, any mesh identity (no ALLOW rule matches: AuthorizationPolicy user1/access spec.rules)'
  ],
  'DENY rule': [
    authorization(
      'action: DENY,',
      '{ to: [{ operation: { methods: [GET] } }] }, { to: [{ operation: { methods: [POST] } }] }'
    ),
    'authz: denied, 403 RBAC, any mesh identity (a DENY rule matches: AuthorizationPolicy user1/access spec.rules[1])'
  ],
  'undefined provider': [
    authorization('action: CUSTOM, provider: { name: none },', '{}'),
    'authz: denied, 403 RBAC, any mesh identity (the mesh configuration does not define the provider: AuthorizationPolicy user1/access spec.provider.name)'
  ],
  'rule and message': [
    clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'),
    'istio-system gateways send mTLS to Gateway knative-serving/knative-local-gateway:8081, which accepts only plaintext'
  ],
  'object at fault': [
    clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'),
    `[1] client-mtls-to-plain-listener: ${RULE} spec.trafficPolicy.tls.mode`
  ],
  'rejected configuration': [
    model(', annotations: { autoscaling.knative.dev/targetBurstCapacity: "-2" }'),
    'BLOCKED controller [1]',
    'user1/new'
  ],
  'unknown input': [
    `${hostTaken()}---${model('')}`,
    'unknown: ServiceEntry istio-system/taken has a host of the model; which Service proxies use is not modeled',
    'user1/new'
  ],
  'listener of an Ingress': [
    model(', annotations: { serving.kserve.io/deploymentMode: Standard }'),
    `server accepts plaintext HTTP (listener of an Ingress or a Gateway API Gateway, which is not read: ${INGRESS_POD} metadata.labels)`,
    'user1/new'
  ],
  LLMInferenceService: [
    `apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: { namespace: user1, name: new }
spec: {}
`,
    'not evaluated: paths: LLMInferenceService user1/new: LLMInferenceServices are not modeled at gateway->pod',
    'user1/new'
  ],
  'model without an external address': [
    model(', labels: { networking.knative.dev/visibility: cluster-local }'),
    'NOT PUBLISHED for external callers: its visibility is cluster-local (InferenceService user1/new metadata.labels[networking.knative.dev/visibility])',
    'user1/new'
  ],
  'rollout by canaryTrafficPercent': [
    `${model(`, annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }`)}status:
  components:
    predictor:
      latestReadyRevision: new-predictor-00002
      traffic: [{ revisionName: new-predictor-00001, percent: 10 }]
---
${[1, 2].map(revision => pod('user1', `new-${revision}`, `serving.kserve.io/inferenceservice: new, component: predictor, security.istio.io/tlsMode: istio, serving.knative.dev/revision: new-predictor-0000${revision}`, 'sidecar')).join('---')}`,
    'ok      in-mesh (any namespace)  component host        caller --> pod, previous revision',
    'user1/new'
  ],
  'former URL in the status': [
    `${model('')}status: { url: "http://new.user1.example.org" }\n`,
    'BLOCKED [1]  external                 status.url            caller --x ingress-gateway',
    'user1/new'
  ],
  ModelMesh: [
    model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }'),
    'user1/new: no request paths: ModelMesh pods are shared and are not modeled',
    'user1/new'
  ]
}

for (const [name, [yaml, line, model]] of Object.entries(TEXTS)) {
  t.test(`text: ${name}`, async t => {
    const lines = linesOf(stockWith(yaml), model)
    t.ok(lines.includes(line), line, { lines })
  })
}

t.test('equal hops, causes and fixes are printed once', async t => {
  const lines = linesOf(stockWith(clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')))
  const count = (line: string) => lines.filter(one => one === line).length
  t.equal(count('BLOCKED ingress-gateway->local-gateway [1]'), 1)
  t.equal(count(`[1] client-mtls-to-plain-listener: ${RULE} spec.trafficPolicy.tls.mode`), 1)
  t.equal(
    count(
      'fix: First update Gateway knative-serving/knative-local-gateway to accept both mTLS and plaintext (--show-fix prints the objects)'
    ),
    1
  )
  t.equal(count('kind: Gateway'), 0)
})

t.test('a JWT of an unknown issuer is reported with its RequestAuthentication', async t => {
  const state = stockWith(`
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: user1, name: tokens }
spec: { jwtRules: [{ issuer: a }] }
`)
  const [pod] = state.list('Pod', 'user1')
  const workload = toWorkload(pod as NonNullable<typeof pod>)
  const endpoint = { workload, port: 80 }
  const destination = {
    host: 'a.b.svc.cluster.local',
    namespace: 'b',
    port: 80,
    headless: false,
    endpoints: [endpoint]
  }
  const call = { host: 'a', path: '/', method: 'GET', token: { issuer: 'b' }, headers: {}, headersComplete: true }
  const result = evaluateCall(state, { client: workload, call, destination, endpoint })
  t.match(renderCallResult(state, result).authorization, {
    verdict: 'token-refused',
    reason: 'the JWT issuer is unknown',
    configuredBy: [{ object: { kind: 'RequestAuthentication', name: 'tokens' }, field: 'spec.jwtRules' }]
  })
})

t.test('evaluations without a result are listed', async t => {
  const all = stockWith(clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'))
  const explained = (state: Snapshot, rules = RULES) => {
    const explanation = explain(state, () => true, rules, DEFAULT_POLICY)
    return { ...explanation, text: toExplanationText(toExplanation(state, explanation), 'paths', false) }
  }
  t.match(explained(all.withUnreadable(new Map([['Gateway', 'forbidden']]))), {
    decision: 'warn',
    models: { length: 0 },
    notEvaluated: [{ rule: 'paths', missing: ['Gateway'] }],
    text: 'not evaluated: paths: Gateway: forbidden'
  })
  t.match(explained(all.withUnreadable(new Map([['InferenceService', 'forbidden']]))), {
    decision: 'warn',
    notEvaluated: [{ rule: 'paths', missing: ['InferenceService'] }]
  })
  const id = 'client-mtls-to-plain-listener'
  const broken = () => {
    throw new Error('odd')
  }
  const failures = {
    ...RULES.failures,
    'mtls-to-plain-listener': { ...RULES.failures['mtls-to-plain-listener'], explain: broken }
  }
  const failing = explained(all, { ...RULES, failures })
  t.match(failing.notEvaluated, [{ rule: id, reason: 'it failed: odd' }])
  t.match(failing.text, `[1] ${id}\n    blocked; cause not evaluated: it failed: odd\n`)
})
