import t from 'tap'
import { decide, decideState, unevaluated } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { CheckRule, Rules } from '../../src/rules/lib/rule.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { authorization, clientRule, namespace, model as newModel } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const create = (yaml: string): Change => ({ operation: 'CREATE', after: resourceOf(yaml) })
const update = (before: string, after: string): Change => ({
  operation: 'UPDATE',
  before: resourceOf(before),
  after: resourceOf(after)
})
const remove = (yaml: string): Change => ({ operation: 'DELETE', before: resourceOf(yaml) })
const decideChange = (state: Snapshot, change: Change, policy: Policy = DEFAULT_POLICY, rules: Rules = RULES) =>
  decide(state, change, rules, policy)
const rulesOf = (found: readonly { readonly rule: string }[]) => found.map(({ rule }) => rule)

const rule = (host: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default ${more} }
spec: { host: "${host}", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`
const model = (name: string, more = '') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: ${name} ${more} }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`
const CUT = rule('*.local')
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
`

t.test('only introduced findings influence the decision', async t => {
  const healthy = stockWith()
  const broken = stockWith(CUT)
  t.equal(decideChange(healthy, create(CUT)).decision, 'deny')
  t.same(decideChange(broken, update(CUT, rule('*.local', ', labels: { team: blue }'))).findings, [], 'old trouble')
  t.equal(decideChange(broken, remove(CUT)).decision, 'allow', 'a repair')
  t.equal(decideChange(broken, create(model('new'))).decision, 'warn', 'a new model that an existing object blocks')
  t.equal(decideChange(broken, remove(model('sklearn-iris'))).decision, 'allow', 'a model that goes')
})

t.test('a path that is blocked by another cause now is not reported as new', async t => {
  const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec: { selector: { istio: ingressgateway }, servers: [{ hosts: ["*.example.com"], port: { name: https, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }] }
`
  const { decision, findings } = decideChange(stockWith(CUT), create(gateway))
  t.equal(decision, 'allow', JSON.stringify(findings))
})

t.test('pre-existing findings are listed if they concern the changed object', async t => {
  const broken = stockWith(CUT)
  const labelled = model(
    'sklearn-iris',
    ', labels: { team: blue }, annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }'
  )
  const { decision, existing } = decideChange(
    broken,
    update(model('sklearn-iris', ', annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }'), labelled)
  )
  t.equal(decision, 'allow')
  t.same(rulesOf(existing), ['client-mtls-to-plain-listener'])
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: elsewhere }'
  t.same(decideChange(broken, create(namespace)).existing, [], 'and nowhere else')
})

t.test('callers whose own DestinationRules are removed have the paths of any caller', async t => {
  const exception = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: user1, name: exception }
spec: { host: knative-local-gateway.istio-system.svc.cluster.local, trafficPolicy: { tls: { mode: DISABLE } } }
`
  const { decision, findings } = decideChange(stockWith(`${CUT}---${exception}`), remove(exception))
  t.equal(decision, 'deny')
  t.match(findings, [{ blocked: [{ caller: 'in-mesh', from: ['user1'] }] }])
})

t.test('callers that get their own DestinationRule are compared with their previous class', async t => {
  const own = CUT.replace('istio-system', 'user1')
  const { decision, findings } = decideChange(stockWith(), create(own))
  t.equal(decision, 'deny')
  t.match(findings, [{ blocked: [{ caller: 'in-mesh', from: ['user1'], hop: 'caller->local-gateway' }] }])
})

t.test('of namespaces with equal DestinationRules, each is reported with its own', async t => {
  const injected = (name: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { istio-injection: enabled } }
`
  const [one, other] = ['batch', 'train'].map(namespace => CUT.replace('istio-system', namespace)) as [string, string]
  const state = stockWith([injected('batch'), injected('train'), one].join('---'))
  const { findings } = decideChange(state, create(other))
  t.match(findings, [{ object: { namespace: 'train' }, blocked: [{ from: ['train'] }] }])
  const both = stockWith([injected('batch'), injected('train')].join('---'))
    .apply(create(one))
    .apply(create(other))
  t.match(
    decideState(both, RULES, DEFAULT_POLICY).findings,
    [{ blocked: [{ from: ['batch', 'train'] }] }],
    'and in a state once'
  )
})

t.test('changes that are allowed without evaluation', async t => {
  const broken = stockWith(CUT)
  const owner = (apiVersion: string) =>
    `, ownerReferences: [{ apiVersion: ${apiVersion}, kind: K, name: n, controller: true }]`
  for (const [name, change] of [
    ['on its way out', update(CUT, rule('*', ', deletionTimestamp: "2026-01-01T00:00:00Z"'))],
    ['made by a controller', create(rule('*', owner('networking.internal.knative.dev/v1alpha1')))],
    ['a re-apply', update(CUT, CUT)],
    ['another version of the API', update(CUT, CUT.replace('istio.io/v1', 'istio.io/v1beta1'))]
  ] as const) {
    t.same(
      decideChange(broken, change),
      { decision: 'allow', findings: [], existing: [], notEvaluated: [], suppressed: [] },
      name
    )
  }
  t.equal(
    decideChange(stockWith(), create(rule('*.local', owner('apps/v1')))).decision,
    'deny',
    'but not what others own'
  )
})

t.test('modes', async t => {
  const by = (policy: Partial<Policy>) => decideChange(stockWith(), create(STRICT), { ...DEFAULT_POLICY, ...policy })
  const id = 'strict-mesh-plain-local-gateway'
  t.equal(by({}).decision, 'deny')
  t.equal(by({ rules: { [id]: 'warn' } }).decision, 'warn')
  t.same(by({ rules: { [id]: 'off' } }).findings, [])
  t.same(by({ rules: { [id]: 'audit' } }).findings, [], 'what is meant for audits is not told')
  const selector = { matchLabels: { 'kubernetes.io/metadata.name': 'istio-system' }, matchExpressions: [] }
  t.equal(by({ namespaces: [{ selector, rules: { [id]: 'warn' } }] }).decision, 'warn', 'of the namespace')
  const elsewhere = { matchLabels: { 'kubernetes.io/metadata.name': 'user1' }, matchExpressions: [] }
  t.equal(by({ namespaces: [{ selector: elsewhere, rules: { [id]: 'warn' } }] }).decision, 'deny', 'of another one')
  t.equal(
    by({ namespaces: [{ selector, rules: { 'tls-certificate-mismatch': 'warn' } }] }).decision,
    'deny',
    'of another rule'
  )
})

t.test('a new model in a STRICT mesh with a plaintext gateway gets a warning', async t => {
  const { decision, findings } = decideChange(stockWith(STRICT), create(model('new')))
  t.equal(decision, 'warn')
  t.same(rulesOf(findings), ['strict-mesh-plain-local-gateway'])
})

t.test('a rule that throws is listed as skipped', async t => {
  const check: CheckRule = {
    id: 'broken-check',
    category: 'outage',
    mode: 'deny',
    summary: '',
    on: ['Namespace'],
    reads: [],
    check() {
      throw new Error('no')
    }
  }
  const cut = {
    ...RULES.failures['mtls-to-plain-listener'],
    explain(): never {
      throw new Error('never')
    }
  }
  const rules: Rules = { failures: { ...RULES.failures, 'mtls-to-plain-listener': cut }, checks: [check] }
  const { decision, findings, notEvaluated } = decideChange(stockWith(), create(CUT), DEFAULT_POLICY, rules)
  t.equal(decision, 'warn')
  t.same(findings, [])
  t.same(notEvaluated, [
    { rule: 'broken-check', missing: [], reason: 'it failed: no' },
    { rule: 'client-mtls-to-plain-listener', missing: [], reason: 'it failed: never' }
  ])
  t.equal(decideChange(stockWith(), create(CUT), { ...DEFAULT_POLICY, unevaluated: 'deny' }, rules).decision, 'deny')
})

t.test('a rule that throws a value other than an Error is skipped as well', async t => {
  const check: CheckRule = {
    id: 'odd',
    category: 'outage',
    mode: 'deny',
    summary: '',
    on: ['Namespace'],
    reads: [],
    check() {
      throw 'odd'
    }
  }
  t.match(decideState(stockWith(), { ...RULES, checks: [check] }, DEFAULT_POLICY).notEvaluated, [
    { reason: 'it failed: odd' }
  ])
})

t.test('a rule that reads an unreadable kind is listed as skipped', async t => {
  const blind = stockWith().withUnreadable(new Map([['DestinationRule', 'forbidden'] as const]))
  const { decision, findings, notEvaluated } = decideChange(blind, create(CUT))
  t.equal(decision, 'warn')
  t.same(findings, [])
  t.match(notEvaluated, [
    { rule: 'paths', missing: ['DestinationRule'], reason: 'DestinationRule: forbidden' },
    { rule: 'destinationrule-on-externalname', missing: ['DestinationRule'] },
    { rule: 'destinationrule-tls-without-mode', missing: ['DestinationRule'] }
  ])
  t.match(decideChange(blind, create(model('new'))), {
    decision: 'warn',
    findings: [],
    notEvaluated: [{ rule: 'paths' }]
  })
  const blinder = stockWith().withUnreadable(new Map([['InferenceService', 'forbidden'] as const]))
  t.match(decideChange(blinder, create(STRICT)).notEvaluated[0], { rule: 'paths', missing: ['InferenceService'] })
})

t.test('objects out of scope and objects that could not be read', async t => {
  t.equal(unevaluated(undefined, DEFAULT_POLICY).decision, 'allow')
  t.match(unevaluated('no spec', DEFAULT_POLICY), { decision: 'warn', notEvaluated: [{ reason: 'no spec' }] })
  t.equal(unevaluated('no spec', { ...DEFAULT_POLICY, unevaluated: 'deny' }).decision, 'deny')
})

t.test('all findings in a state', async t => {
  t.same(decideState(stockWith(), RULES, DEFAULT_POLICY), {
    decision: 'allow',
    findings: [],
    notEvaluated: [],
    suppressed: []
  })
  t.match(decideState(stockWith(CUT), RULES, DEFAULT_POLICY), { decision: 'deny', findings: [{ blocked: [{}, {}] }] })
  const off: Policy = { ...DEFAULT_POLICY, rules: { 'client-mtls-to-plain-listener': 'off' } }
  t.same(decideState(stockWith(CUT), RULES, off).findings, [])
})

t.test('the decision does not depend on the order of objects', async t => {
  const [a, b] = [
    model('a', ', annotations: { sidecar.istio.io/inject: "false" }'),
    model('b', ', annotations: { sidecar.istio.io/inject: "false" }')
  ]
  const answer = (yaml: string) => decideState(stockWith(yaml), RULES, DEFAULT_POLICY).findings
  t.same(answer(`${STRICT}---${a}---${b}`), answer(`${b}---${a}---${STRICT}`))
  t.equal(answer(`${STRICT}---${a}---${b}`).length, 3)
})

t.test('failures after the next rollout are warnings', async t => {
  const mutual = clientRule('*.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')
  const told = ({ findings }: ReturnType<typeof decideChange>) =>
    findings
      .filter(({ blocked }) => blocked.length > 0)
      .map(({ rule, category, mode }) => `${rule} ${category} ${mode}`)
  const latent = ['client-mtls-to-workload-without-sidecar latent-outage warn']
  const [injecting, bare] = [namespace('istio-injection: enabled'), namespace('a: b')]
  const unlabelled = decideChange(stockWith(mutual), update(injecting, bare))
  t.equal(unlabelled.decision, 'warn', 'the running pods keep their sidecars')
  t.same(told(unlabelled), latent)
  t.same(told(decideChange(stockWith(bare), create(mutual))), latent, 'the rule that completes it')
  const both = stockWith(`${bare}---${mutual}`)
  t.same(
    told(decideChange(both, create(rule('example.com', ', labels: { a: b }').replace('default', 'other')))),
    [],
    'old trouble'
  )
  const changed = model(
    'sklearn-iris',
    ', labels: { team: blue }, annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }'
  )
  const before = model('sklearn-iris', ', annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }')
  t.same(
    told(decideChange(both, update(before, changed))),
    ['client-mtls-to-workload-without-sidecar outage deny'],
    'a model that is changed gets new pods'
  )
})

t.test('a policy that denies some callers', async t => {
  const onlyIris = (yaml = '') => {
    const state = stockWith(yaml)
    return state.withAll(
      'InferenceService',
      state.list('InferenceService').filter(({ name }) => name === 'sklearn-iris')
    )
  }
  const admits = (namespaces: string) =>
    authorization(
      'user1',
      `{ rules: [{ from: [{ source: { namespaces: [${namespaces}] } }] }, { to: [{ operation: { paths: [/metrics] } }] }] }`
    )
  const told = (state: Snapshot, change: Change) => {
    const { decision, findings } = decideChange(state, change)
    return [decision, ...rulesOf(findings.filter(({ blocked }) => blocked.length > 0))]
  }
  t.same(
    told(onlyIris(), create(admits('istio-system'))),
    ['warn', 'policy-denies-request-path'],
    'others still get through'
  )
  t.same(told(onlyIris(), create(admits('none'))), ['deny', 'policy-denies-request-path'], 'no caller is allowed')
  t.same(
    told(
      onlyIris(),
      create(authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [istio-system] } }] }] }'))
    ),
    ['deny', 'policy-denies-request-path'],
    'the autoscaler is refused'
  )
  const born = newModel(', annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }')
  t.same(told(onlyIris(admits('istio-system')), create(born)), ['allow'], 'a new model is born under it')
  t.same(
    told(onlyIris(admits('none')), create(born)),
    ['warn', 'policy-denies-request-path'],
    'a new model that an existing policy blocks'
  )
})

t.test('blocked probes are not reported if requests are blocked', async t => {
  const shut = authorization('user1', '{}')
  const { findings } = decideChange(stockWith(), create(shut))
  const callers = new Set(findings.flatMap(({ blocked }) => blocked.map(({ caller }) => caller)))
  t.same([...callers].sort(), ['external', 'in-mesh', 'non-mesh'])
  const metrics = authorization('user1', '{ action: DENY, rules: [{ to: [{ operation: { paths: [/metrics] } }] }] }')
  const told = decideChange(stockWith(), create(metrics))
  t.match(told.findings, [{ mode: 'deny', blocked: [{ caller: 'probe' }, { caller: 'probe' }] }])
})

t.test('a finding of a predictor with a transformer is reported once', async t => {
  const two = newModel('', 'predictor: { sklearn: {} }, transformer: {}')
  const metrics = authorization(
    'user1',
    '{ selector: { matchLabels: { component: predictor } }, action: DENY, rules: [{ to: [{ operation: { paths: [/metrics] } }] }] }'
  )
  t.equal(decideChange(stockWith(two), create(metrics)).decision, 'deny')
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: elsewhere }'
  t.equal(decideChange(stockWith(`${two}---${metrics}`), create(namespace)).decision, 'allow', 'and then it is old')
})

t.test('control plane paths of KServe, Knative and Istio', async t => {
  const webhooks = authorization(
    'knative-serving',
    '{ action: DENY, rules: [{ to: [{ operation: { ports: ["8443"] } }] }] }'
  )
  const { decision, findings } = decideChange(stockWith(), create(webhooks))
  t.equal(decision, 'deny')
  t.match(findings, [{ blocked: [{ caller: 'system', hop: 'apiserver->webhook', inferenceService: undefined }] }])
  t.match(
    decideChange(stockWith(webhooks), update(webhooks, webhooks.replace('rules }', 'rules, labels: { a: b } }'))),
    {
      decision: 'allow',
      existing: [{ blocked: [{ caller: 'system' }] }]
    }
  )
  const unread = stockWith().withUnreadable(new Map([['ValidatingWebhookConfiguration', 'forbidden'] as const]))
  t.match(decideChange(unread, create(webhooks)), {
    decision: 'warn',
    findings: [],
    notEvaluated: [{ rule: 'paths', missing: ['ValidatingWebhookConfiguration'] }]
  })
})

t.test('probes that are blocked with requests are reported neither as new nor as pre-existing', async t => {
  const policy = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: closed }
spec: { action: DENY, rules: [{}] }
`
  const { findings, existing } = decideChange(stockWith(), create(policy))
  t.notOk(findings.some(({ blocked }) => blocked.some(({ caller }) => caller === 'probe')))
  t.same(existing, [])
})
