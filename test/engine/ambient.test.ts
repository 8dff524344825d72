import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { trace } from '../../src/engine/trace.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import {
  authorization,
  clientRule,
  configMap,
  KNATIVE_WITHOUT_SIDECARS,
  model,
  namespace,
  pod,
  policy,
  together
} from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

/** Objects of namespace `amb` instead of `user1`, whose pods have sidecars. */
const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')

/** Decision about an object that is created or updated, with its blocking rules and what is not evaluated. */
function decided(state: Snapshot, yaml: string): readonly string[] {
  const after = resourceOf(yaml)
  const before = state.get(after.kind, after.namespace, after.name)
  const change = (
    before === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before, after }
  ) as Change
  const { decision, findings, notEvaluated } = decide(state, change, RULES, DEFAULT_POLICY)
  const rules = findings.filter(({ rule }) => rule !== 'knative-model-in-ambient-mode').map(({ rule }) => rule)
  return [decision, ...new Set(rules), ...notEvaluated.map(({ reason }) => reason)]
}

const AMBIENT = 'istio.io/dataplane-mode: ambient'
const CREATED = ', creationTimestamp: "2026-01-01T00:00:00Z"'
const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const standard = (more = '') => model(`${STANDARD}${CREATED} ${more}`)
const labelled = (labels: string) =>
  model(STANDARD, `predictor: { labels: { ${labels} }, model: { modelFormat: { name: sklearn } } }`)
const DENY_ALL = authorization('user1', '{}')
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const inAmbient = together(namespace(AMBIENT), standard())
const fromNamespaces = (...names: readonly string[]) =>
  authorization('user1', `{ rules: [{ from: [{ source: { namespaces: [${names.join()}] } }] }] }`)
const POD_LABELS = 'serving.kserve.io/inferenceservice: new, component: predictor, app: isvc.new-predictor'
/** Pods that istio-cni has captured. */
const captured = (yaml: string) =>
  yaml.replaceAll('metadata: {', 'metadata: { annotations: { ambient.istio.io/redirection: enabled },')
const AMBIENT_KNATIVE = captured(KNATIVE_WITHOUT_SIDECARS)

/** By test name (W: numbers of known faults): state and change in namespace `amb`, and the decision with its rules. */
const CHANGES: Readonly<Record<string, readonly [state: string, change: string, expected: readonly string[]]>> = {
  'W1: deny all': [inAmbient, DENY_ALL, ['deny', 'policy-denies-request-path']],
  'W1: deny all for a model on Knative': [
    together(namespace(AMBIENT), model(CREATED)),
    DENY_ALL,
    ['deny', 'policy-denies-request-path']
  ],
  'W2: ALLOW with paths, whose rule istiod drops': [
    inAmbient,
    authorization('user1', '{ rules: [{ to: [{ operation: { paths: ["/v1/*"] } }] }] }'),
    ['deny', 'policy-denies-request-path', 'policy-not-enforced-by-ztunnel']
  ],
  'W3: deny all for pods that are ambient by their label': [
    together(namespace('team: a'), labelled(AMBIENT)),
    DENY_ALL,
    ['deny', 'policy-denies-request-path']
  ],
  'W4: ISTIO_MUTUAL, which HBONE replaces': [
    together(namespace('team: a'), labelled(AMBIENT)),
    clientRule('new-predictor.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }'),
    ['allow']
  ],
  'SIMPLE, which is sent within HBONE': [
    inAmbient,
    clientRule('new-predictor.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }'),
    ['warn', 'amb/new: whether the application serves TLS on port 8080 cannot be seen at gateway->pod, caller->pod']
  ],
  'W7: STRICT, which ztunnel enforces on callers without a sidecar': [
    inAmbient,
    STRICT,
    ['warn', 'plaintext-to-strict-workload']
  ],
  'ALLOW for the gateways': [inAmbient, fromNamespaces('istio-system'), ['warn', 'policy-denies-request-path']],
  'DENY by path, which has no effect': [
    inAmbient,
    authorization('user1', '{ action: DENY, rules: [{ to: [{ operation: { paths: ["/v1/*"] } }] }] }'),
    ['warn', 'policy-not-enforced-by-ztunnel']
  ],
  'namespace becomes ambient': [
    together(namespace('team: a'), standard(), policy('user1', '{ mtls: { mode: PERMISSIVE } }')),
    namespace(AMBIENT),
    ['allow']
  ],
  'running pods are captured at once': [
    together(namespace('team: a'), standard(), pod('user1', 'new-0', POD_LABELS, 'none'), DENY_ALL),
    namespace(AMBIENT),
    ['deny', 'policy-denies-request-path']
  ],
  'a pod is captured at once': [
    together(namespace('team: a'), standard(), pod('user1', 'new-0', POD_LABELS, 'none'), DENY_ALL),
    pod('user1', 'new-0', `${POD_LABELS}, ${AMBIENT}`, 'none'),
    ['deny', 'policy-denies-request-path']
  ],
  'pods are released at once': [
    together(namespace(AMBIENT), standard(), captured(pod('user1', 'new-0', POD_LABELS, 'none')), DENY_ALL),
    namespace('team: a'),
    ['warn', 'policy-without-sidecar']
  ]
}

for (const [name, [state, change, expected]] of Object.entries(CHANGES)) {
  t.test(name, async t => t.same(decided(stockWith(amb(state)), amb(change)), expected))
}

t.test('W5: a captured activator sends HBONE to sidecars that accept it', async t => {
  const tunnel = configMap('istio-system', 'istio', {
    mesh: 'defaultConfig: { proxyMetadata: { ISTIO_META_ENABLE_HBONE: "true" } }'
  })
  const state = (...objects: readonly string[]) => stockWith(together(AMBIENT_KNATIVE, model(CREATED), ...objects))
  const strictForNew = STRICT.replace(
    'spec: {',
    'spec: { selector: { matchLabels: { serving.kserve.io/inferenceservice: new } },'
  )
  t.same(decided(state(tunnel), strictForNew), ['allow'])
  t.same(
    decided(state(), strictForNew).slice(0, 2),
    ['deny', 'plaintext-to-strict-workload'],
    'injected without ambient mode'
  )
})

t.test('W6: a trace from an ambient pod to a sidecar', async t => {
  const state = stockWith(together(AMBIENT_KNATIVE, STRICT))
  const from = 'knative-serving/activator-7f77bdbcdb-xh79h'
  const request = { from, host: 'httpbin.user1', port: 8000, path: undefined, method: 'POST' }
  t.match(trace(state, request, RULES), {
    trace: { branches: [{ failure: { rule: 'plaintext-to-strict-workload' } }] }
  })
})

/** The stock cluster has a PeerAuthentication of these pods. */
const CONFLICT = ['peerauthentication-conflict']

t.test('W8: STRICT on webhook pods that ztunnel captures', async t => {
  const webhook = captured(pod('knative-serving', 'webhook-754f8bc47f-wghnv', 'app: webhook, role: webhook', 'none'))
  const strict = (ports = '') =>
    policy('knative-serving', `{ selector: { matchLabels: { app: webhook } }, mtls: { mode: STRICT } ${ports} }`)
  t.same(decided(stockWith(webhook), strict()), ['deny', 'webhook-behind-strict-mtls', ...CONFLICT])
  t.same(decided(stockWith(webhook), strict(', portLevelMtls: { 8443: { mode: DISABLE } }')), ['warn', ...CONFLICT])
})
