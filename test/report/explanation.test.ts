import t from 'tap'
import { explain } from '../../src/engine/explain.ts'
import { modelKey } from '../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { renderCallResult } from '../../src/report/call-result.ts'
import { explanationSchema, toExplanation } from '../../src/report/explanation.ts'
import { toExplanationText } from '../../src/report/explanation-text.ts'
import { evaluateCall } from '../../src/request/call-result.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { clientRule, gateway, model, namespace, policy } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const PODS = 'sklearn-iris-predictor-00001.user1.svc.cluster.local'
const INGRESS_POD = 'Pod istio-system/istio-ingressgateway-6f8d7c9b5-8xk2v'
const MODEL_POD = 'Pod user1/sklearn-iris-predictor-00001-deployment-5685f4d0c-x0k2p'
const LABEL = 'metadata.labels[security.istio.io/tlsMode]'
const RULE = 'DestinationRule istio-system/default'

/** What is told of one model, as lines without indent. */
function linesOf(state: Snapshot, name = 'user1/sklearn-iris'): readonly string[] {
  const explanation = toExplanation(
    state,
    explain(state, one => modelKey(one) === name, RULES, DEFAULT_POLICY)
  )
  const json = JSON.parse(JSON.stringify(explanation))
  explanationSchema.parse(json)
  return toExplanationText(explanation)
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

const WORDS: Readonly<Record<string, readonly [yaml: string, line: string, model?: string]>> = {
  'no sidecar': ['', 'sends plaintext: the caller has no sidecar'],
  'no label': ['', `sends plaintext: auto mTLS, and the pod is not labelled as taking it (${INGRESS_POD} ${LABEL})`],
  'the label': ['', `sends mesh mTLS: auto mTLS, and the pod is labelled as taking it (${MODEL_POD} ${LABEL})`],
  'past the sidecar': [
    '',
    "sends plaintext: it dials the pod's own address, which its sidecar passes on as it is (Pod knative-serving/autoscaler-546dd95779-mqtjh spec.containers)"
  ],
  'a rule': [
    clientRule(PODS, '{ tls: { mode: DISABLE } }'),
    `sends plaintext: a DestinationRule says so (${RULE} spec.trafficPolicy.tls.mode)`
  ],
  "TLS of the rule's": [
    clientRule(LOCAL, '{ tls: { mode: SIMPLE } }'),
    `sends TLS that is not the mesh's: a DestinationRule says so (${RULE} spec.trafficPolicy.tls.mode)`
  ],
  'with files': [
    clientRule(LOCAL, '{ tls: { mode: MUTUAL } }'),
    `sends TLS with a certificate of its own: a DestinationRule says so (${RULE} spec.trafficPolicy.tls.mode)`
  ],
  'a credential': [
    clientRule(LOCAL, '{ tls: { mode: SIMPLE, credentialName: a } }'),
    `sends plaintext: the DestinationRule names a credential, which sidecars do not get (${RULE} spec.trafficPolicy.tls.mode)`
  ],
  'mTLS is disabled': [
    policy('user1', '{ mtls: { mode: DISABLE } }'),
    'sends plaintext: clients see that mTLS is disabled there (PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'no auto mTLS': [
    meshConfig('enableAutoMtls: false'),
    'sends plaintext: no DestinationRule says otherwise, and auto mTLS is off (ConfigMap istio-system/istio data.mesh)'
  ],
  'by address': [
    headlessGateway,
    'sends plaintext: connections go by address, and not every pod there is known to take mTLS (Service istio-system/knative-local-gateway spec.clusterIP)'
  ],
  'by address, as a rule says': [
    clientRule(LOCAL, '{ loadBalancer: { simple: PASSTHROUGH } }'),
    `sends plaintext: connections go by address, and not every pod there is known to take mTLS (${RULE} spec.trafficPolicy.loadBalancer)`
  ],
  'permissive by default': ['', "meets mesh mTLS and plaintext (Istio's default)"],
  'disabled there': [
    policy('user1', '{ mtls: { mode: DISABLE } }'),
    'meets plaintext alone (PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'strict there': [
    policy('user1', '{ mtls: { mode: STRICT } }'),
    'meets mesh mTLS alone (PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'strict on the port': [
    policy(
      'user1',
      '{ selector: { matchLabels: { component: predictor } }, portLevelMtls: { 8012: { mode: STRICT } } }'
    ),
    'meets mesh mTLS alone (PeerAuthentication user1/default spec.portLevelMtls[8012].mode)'
  ],
  'strict on another port': [
    policy(
      'user1',
      '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT }, portLevelMtls: { 80: { mode: DISABLE } } }'
    ),
    'meets mesh mTLS alone (PeerAuthentication user1/default spec.mtls.mode)'
  ],
  'no sidecar there': [
    model(', labels: { sidecar.istio.io/inject: "false" }'),
    'meets plaintext alone, without a sidecar (Pod user1/new-predictor (next pod) spec.containers)',
    'user1/new'
  ],
  'no policy there': [
    model(', labels: { sidecar.istio.io/inject: "false" }'),
    'allowed as nobody (no sidecar, so no policy)',
    'user1/new'
  ],
  'a gateway': ['', 'meets plain HTTP (Gateway knative-serving/knative-local-gateway spec.servers[0].port.protocol)'],
  'a gateway for the mesh': [
    `${gateway('knative-local-gateway', `${mutual('*.local')}, ${plain}`)}---${clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')}`,
    'meets mesh mTLS alone, for *.local (Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode)'
  ],
  'a gateway that wants mTLS': [
    gateway('knative-local-gateway', mutual('*')),
    'meets mesh mTLS alone (Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode)'
  ],
  'nothing listens': [
    gateway('knative-local-gateway', plain.replace('8081', '9999')),
    `meets nothing on port 8081 (${INGRESS_POD} metadata.labels)`
  ],
  'nothing can listen': [
    gateway('knative-local-gateway', `${mutual('*')}, ${plain}`),
    'meets nothing, for two servers match alike (Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode)'
  ],
  'let in': [
    authorization('', '{ from: [{ source: { namespaces: [user1, istio-system] } }] }'),
    'allowed as user1/default (AuthorizationPolicy user1/access spec.rules)'
  ],
  'not let in': [
    authorization('', '{ from: [{ source: { namespaces: [user1] } }] }'),
    'refused as whoever calls (AuthorizationPolicy user1/access spec.rules)'
  ],
  denied: [
    authorization(
      'action: DENY,',
      '{ to: [{ operation: { methods: [GET] } }] }, { to: [{ operation: { methods: [POST] } }] }'
    ),
    'refused as whoever calls (AuthorizationPolicy user1/access spec.rules[1])'
  ],
  'nobody to ask': [
    authorization('action: CUSTOM, provider: { name: none },', '{}'),
    'refused as whoever calls (AuthorizationPolicy user1/access spec.provider.name)'
  ],
  'what is cut': [
    clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'),
    'client-mtls-to-plain-listener: istio-system gateways send mTLS to Gateway knative-serving/knative-local-gateway:8081, which accepts only plaintext'
  ],
  'whose fault it is': [clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'), `at ${RULE} spec.trafficPolicy.tls.mode`],
  'what is refused': [
    model(', annotations: { autoscaling.knative.dev/targetBurstCapacity: "-2" }'),
    'CUT controller',
    'user1/new'
  ],
  'what is not known': [
    `${namespace('istio.io/dataplane-mode: ambient')}---${model('')}`,
    'not known: what ztunnel does: the namespace is ambient',
    'user1/new'
  ],
  'no pods of its own': [
    model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }'),
    'user1/new: its pods are not its own, so no ways to it are known',
    'user1/new'
  ]
}

for (const [name, [yaml, line, of]] of Object.entries(WORDS)) {
  t.test(`told: ${name}`, async t => {
    const lines = linesOf(stockWith(yaml), of)
    t.ok(lines.includes(line), line, { lines })
  })
}

t.test('each fact is told once', async t => {
  const lines = linesOf(stockWith(clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')))
  const count = (line: string) => lines.filter(one => one.endsWith(line)).length
  t.equal(count('CUT ingress-gateway->local-gateway, as above'), 1)
  t.equal(count('kind: Gateway'), 1)
  t.equal(
    count(
      'fix: First update Gateway knative-serving/knative-local-gateway to accept both mTLS and plaintext (as above)'
    ),
    1
  )
})

t.test('a token of an issuer that is not known', async t => {
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
  const passage = evaluateCall(state, { client: workload, call, destination, endpoint })
  t.match(renderCallResult(state, passage).authorization, {
    verdict: 'token-refused',
    why: "the token's issuer is not known there",
    decidedBy: [{ object: { kind: 'RequestAuthentication', name: 'tokens' }, field: 'spec.jwtRules' }]
  })
})

t.test('what is missing is named, and nothing is made of it', async t => {
  const all = stockWith(clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'))
  const told = (state: Snapshot, rules = RULES) => {
    const explained = explain(state, () => true, rules, DEFAULT_POLICY)
    return { ...explained, text: toExplanationText(toExplanation(state, explained)) }
  }
  t.match(told(all.withUnreadable(new Map([['Gateway', 'forbidden']]))), {
    decision: 'warn',
    models: { length: 0 },
    skipped: [{ rule: 'paths', missing: ['Gateway'] }],
    text: 'not evaluated: paths: Gateway: forbidden'
  })
  t.match(told(all.withUnreadable(new Map([['InferenceService', 'forbidden']]))), {
    decision: 'warn',
    skipped: [{ rule: 'paths', missing: ['InferenceService'] }]
  })
  const id = 'client-mtls-to-plain-listener'
  const broken = () => {
    throw new Error('odd')
  }
  const failures = {
    ...RULES.failures,
    'mtls-to-plain-listener': { ...RULES.failures['mtls-to-plain-listener'], explain: broken }
  }
  const failing = told(all, { ...RULES, failures })
  t.match(failing.skipped, [{ rule: id, reason: 'it failed: odd' }])
  t.match(failing.text, `${id}: cut, and why could not be judged: it failed: odd`)
})
