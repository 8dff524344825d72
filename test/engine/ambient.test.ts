import t from 'tap'
import { trace } from '../../src/engine/trace.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { decisionOn } from '../support/decision.ts'
import {
  authorization,
  clientRule,
  KNATIVE_WITHOUT_SIDECARS,
  model,
  namespace,
  pod,
  policy,
  together
} from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

/** Objects of namespace `amb` instead of `user1`, whose pods have sidecars. */
const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')

/** Decision about an object that is created or updated, with its blocking rules and what is not evaluated. */
function decided(state: Snapshot, yaml: string): readonly string[] {
  const { decision, findings, notEvaluated } = decisionOn(state, yaml)
  const rules = findings.filter(({ rule }) => rule !== 'knative-model-in-ambient-mode').map(({ rule }) => rule)
  return [decision, ...new Set(rules), ...notEvaluated.map(({ reason }) => reason)]
}

const AMBIENT = 'istio.io/dataplane-mode: ambient'
const CREATED = ', creationTimestamp: "2026-01-01T00:00:00Z"'
const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const standard = (more = '') => model(`${STANDARD}${CREATED} ${more}`)
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

/** By test name (test/scenarios has more): state and change in namespace `amb`, and the decision with its rules. */
const CHANGES: Readonly<Record<string, readonly [state: string, change: string, expected: readonly string[]]>> = {
  'SIMPLE, which is sent within HBONE': [
    inAmbient,
    clientRule('new-predictor.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }'),
    ['warn', 'amb/new: whether the application serves TLS on port 8080 cannot be seen at gateway->pod, caller->pod']
  ],
  'STRICT, which ztunnel enforces on callers without a sidecar': [
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

t.test('a sidecar that was injected without ambient mode does not accept HBONE', async t => {
  const strictForNew = STRICT.replace(
    'spec: {',
    'spec: { selector: { matchLabels: { serving.kserve.io/inferenceservice: new } },'
  )
  const [decision, rule] = decided(stockWith(together(AMBIENT_KNATIVE, model(CREATED))), strictForNew)
  t.same([decision, rule], ['deny', 'plaintext-to-strict-workload'])
  const request = {
    from: 'knative-serving/activator-7f77bdbcdb-xh79h',
    host: 'httpbin.user1',
    port: 8000,
    path: undefined,
    method: 'POST'
  }
  t.match(trace(stockWith(together(AMBIENT_KNATIVE, STRICT)), request, RULES), {
    trace: { branches: [{ failure: { rule: 'plaintext-to-strict-workload' } }] }
  })
})

/** The stock cluster has a PeerAuthentication of these pods. */
const CONFLICT = ['peerauthentication-conflict']

t.test('STRICT on webhook pods that ztunnel captures, with and without an exception', async t => {
  const webhook = captured(pod('knative-serving', 'webhook-754f8bc47f-wghnv', 'app: webhook, role: webhook', 'none'))
  const strict = (ports = '') =>
    policy('knative-serving', `{ selector: { matchLabels: { app: webhook } }, mtls: { mode: STRICT } ${ports} }`)
  t.same(decided(stockWith(webhook), strict()), ['deny', 'webhook-behind-strict-mtls', ...CONFLICT])
  t.same(decided(stockWith(webhook), strict(', portLevelMtls: { 8443: { mode: DISABLE } }')), ['warn', ...CONFLICT])
})
