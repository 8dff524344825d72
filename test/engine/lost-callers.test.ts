import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { concernsNamespace } from '../../src/engine/finding.ts'
import { evaluate, modelKey, skippedBy } from '../../src/engine/incremental/evaluate.ts'
import { lostCallers, MAX_LISTED } from '../../src/engine/lost-callers.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { pod, policy, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const callers = (labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: clients, labels: { ${labels} } }
`
const INJECTED = callers('istio-injection: enabled')
const PLAIN = callers('')
const AMBIENT = callers('istio.io/dataplane-mode: ambient')
const CLIENT = pod('clients', 'client', 'app: client', 'sidecar')
const model = (name: string, more = '', namespace = 'user1') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  namespace: ${namespace}
  name: ${name}
  labels: { sidecar.istio.io/inject: "true" ${more} }
  annotations: { serving.kserve.io/deploymentMode: Standard }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const PERMISSIVE = policy('user1', '{ mtls: { mode: PERMISSIVE } }')

/** The change that creates or replaces an object. */
function put(state: Snapshot, yaml: string): Change {
  const after = resourceOf(yaml)
  const before = state.get(after.kind, after.namespace, after.name)
  return before === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before, after }
}
/** Decision and blocked models of the rule. */
function resultOf(state: Snapshot, change: Change): string {
  const { decision, findings } = decide(state, change, RULES, DEFAULT_POLICY)
  const blocked = findings.filter(({ rule }) => rule === 'callers-lose-sidecar').flatMap(one => one.blocked)
  return [decision, ...blocked.map(({ inferenceService }) => inferenceService)].join(' ')
}

t.test('a change that makes callers lose their sidecars at the next restart warns', async t => {
  const one = together(CLIENT, model('one'))
  for (const [name, before, change, expected] of [
    ['namespace loses its label', together(INJECTED, STRICT, one), PLAIN, 'warn user1/one'],
    ['namespace becomes ambient', together(INJECTED, STRICT, one), AMBIENT, 'warn user1/one'],
    ['namespace with PERMISSIVE models', together(INJECTED, one), PLAIN, 'allow'],
    ['namespace without callers', together(INJECTED, STRICT, model('one')), PLAIN, 'allow'],
    [
      'namespace gets another label',
      together(INJECTED, STRICT, one),
      callers('istio-injection: enabled, a: b'),
      'allow'
    ],
    ['namespace lost its label before', together(PLAIN, STRICT, one), callers('a: b'), 'allow'],
    ['namespace gets its label back', together(PLAIN, STRICT, one), INJECTED, 'allow'],
    ['models become STRICT', together(PLAIN, PERMISSIVE, one), STRICT, 'warn user1/one'],
    ['models become PERMISSIVE', together(PLAIN, STRICT, one), PERMISSIVE, 'allow'],
    ['new model', together(PLAIN, STRICT, one), model('two'), 'allow'],
    ['new model in a new namespace', together(PLAIN, STRICT, one), model('two', '', 'user7'), 'allow'],
    ['other change of a STRICT model', together(PLAIN, STRICT, one), model('one', ', a: b'), 'allow']
  ] as const) {
    const state = stockWith(before)
    t.equal(resultOf(state, put(state, change)), expected, name)
  }
  const state = stockWith(together(INJECTED, STRICT, one))
  const namespace = resourceOf(INJECTED)
  t.equal(resultOf(state, { operation: 'DELETE', before: namespace }), 'allow', 'namespace is deleted')
})

t.test('the configuration of a namespace applies to findings about its Namespace', async t => {
  const state = stockWith(together(INJECTED, CLIENT, STRICT, model('one')))
  const change = put(state, callers('team: blue'))
  const decisionFor = (team: string) => {
    const selector = { matchLabels: { team }, matchExpressions: [] }
    const namespaces = [{ selector, rules: { 'callers-lose-sidecar': 'deny' as const } }]
    return decide(state, change, RULES, { ...DEFAULT_POLICY, namespaces })
  }
  t.equal(decisionFor('blue').decision, 'deny')
  t.equal(decisionFor('red').decision, 'warn')
  const [finding] = decisionFor('red').findings
  t.ok(finding && concernsNamespace(finding, 'clients'))
})

t.test('a model that becomes reachable by plaintext or ceases to be is one change of several', async t => {
  const exempt = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: exempt }
spec: { selector: { matchLabels: { team: blue } }, mtls: { mode: PERMISSIVE } }
`
  const state = stockWith(together(PLAIN, CLIENT, STRICT, exempt, model('one'), model('two', ', team: blue')))
  t.equal(resultOf(state, { operation: 'DELETE', before: resourceOf(exempt) }), 'warn user1/two')
})

t.test('the first models by name are listed', async t => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `m-${String(i).padStart(3, '0')}`)
  const some = MAX_LISTED - 10
  const state = stockWith(
    together(
      PLAIN,
      CLIENT,
      ...['user8', 'user6', 'user7'].flatMap(namespace => [
        policy(namespace, '{ mtls: { mode: STRICT } }'),
        ...names(some).map(name => model(name, '', namespace))
      ])
    )
  )
  const lost = lostCallers(evaluate(state, RULES))
  t.same(
    lost.flatMap(({ models }) => models.map(modelKey)),
    [...names(some).map(name => `user6/${name}`), ...names(10).map(name => `user7/${name}`)]
  )
  t.match(lost[0]?.hop.failure, { model: 'user6/m-000', count: 3 * some })
})

t.test('losses are reused until a pod, a Namespace or the injector changes', async t => {
  const state = stockWith(together(INJECTED, CLIENT, STRICT, model('one')))
  const evaluation = evaluate(state, RULES)
  t.same(lostCallers(evaluation), [])
  const after = (yaml: string) => evaluate(state.apply(put(state, yaml)), RULES, evaluation)
  t.equal(after(PERMISSIVE).sidecarLosses, evaluation.sidecarLosses, 'PeerAuthentication')
  const { byNamespace: other } = after(pod('user1', 'client', 'app: client', 'none')).sidecarLosses
  t.equal(other.get('clients'), evaluation.sidecarLosses.byNamespace.get('clients'), 'pod of another namespace')
  t.not(other.get('user1'), evaluation.sidecarLosses.byNamespace.get('user1'))
  t.equal(lostCallers(after(PLAIN)).length, 1, 'Namespace')
  const injector = state.list('MutatingWebhookConfiguration').filter(({ name }) => name.includes('istio-sidecar'))
  t.equal(injector.length, 1)
  const without = state.withAll(
    'MutatingWebhookConfiguration',
    state.list('MutatingWebhookConfiguration').filter(one => !injector.includes(one))
  )
  t.same(lostCallers(evaluate(without, RULES, evaluation)), [], 'no injector is known')
})

t.test('unreadable pods and models that cannot be evaluated lose nothing', async t => {
  const state = stockWith(together(PLAIN, CLIENT, STRICT, model('one')))
  const readable = evaluate(state, RULES)
  const unreadable = evaluate(state.withUnreadable(new Map([['Pod', 'forbidden']])), RULES)
  t.equal(lostCallers(readable).length, 1)
  t.same(lostCallers(unreadable), [])
  t.match(skippedBy(unreadable), [{ missing: ['Pod'], reason: 'Pod: forbidden' }])
  const withoutPolicies = evaluate(state.withUnreadable(new Map([['PeerAuthentication', 'forbidden']])), RULES)
  t.same(lostCallers(withoutPolicies), [])
  t.same(lostCallers(readable, withoutPolicies), [], 'models that could not be evaluated before')
})
