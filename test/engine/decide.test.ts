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
const BLOCKING = rule('*.local')
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
`

t.test('only introduced findings influence the decision', async t => {
  const healthy = stockWith()
  const broken = stockWith(BLOCKING)
  t.equal(decideChange(healthy, create(BLOCKING)).decision, 'deny')
  t.same(
    decideChange(broken, update(BLOCKING, rule('*.local', ', labels: { team: blue }'))).findings,
    [],
    'pre-existing finding'
  )
  t.equal(decideChange(broken, remove(BLOCKING)).decision, 'allow', 'change that fixes the finding')
  t.equal(decideChange(broken, create(model('new'))).decision, 'warn', 'new model that an existing object blocks')
  t.equal(decideChange(broken, remove(model('sklearn-iris'))).decision, 'allow', 'deleted model')
})

t.test('a blocked path with a different cause is not reported as new', async t => {
  const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec: { selector: { istio: ingressgateway }, servers: [{ hosts: ["*.example.com"], port: { name: https, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL } }] }
`
  const { decision, findings } = decideChange(stockWith(BLOCKING), create(gateway))
  t.equal(decision, 'allow', JSON.stringify(findings))
})

t.test('pre-existing findings are listed if they concern the changed object', async t => {
  const broken = stockWith(BLOCKING)
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
  t.same(decideChange(broken, create(namespace)).existing, [], 'unrelated object has no pre-existing findings')
})

t.test('removal of a client DestinationRule exposes its namespace to the mesh default', async t => {
  const exception = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: user1, name: exception }
spec: { host: knative-local-gateway.istio-system.svc.cluster.local, trafficPolicy: { tls: { mode: DISABLE } } }
`
  const { decision, findings } = decideChange(stockWith(`${BLOCKING}---${exception}`), remove(exception))
  t.equal(decision, 'deny')
  t.match(findings, [{ blocked: [{ caller: 'in-mesh', from: ['user1'] }] }])
})

t.test('callers with a new DestinationRule are compared with their previous class', async t => {
  const own = BLOCKING.replace('istio-system', 'user1')
  const { decision, findings } = decideChange(stockWith(), create(own))
  t.equal(decision, 'deny')
  t.match(findings, [{ blocked: [{ caller: 'in-mesh', from: ['user1'], hop: 'caller->local-gateway' }] }])
})

t.test('findings name the DestinationRule of the caller namespace', async t => {
  const injected = (name: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { istio-injection: enabled } }
`
  const [one, other] = ['batch', 'train'].map(namespace => BLOCKING.replace('istio-system', namespace)) as [
    string,
    string
  ]
  const state = stockWith([injected('batch'), injected('train'), one].join('---'))
  const { findings } = decideChange(state, create(other))
  t.match(findings, [{ object: { namespace: 'train' }, blocked: [{ from: ['train'] }] }])
  const both = stockWith([injected('batch'), injected('train')].join('---'))
    .apply(create(one))
    .apply(create(other))
  t.match(
    decideState(both, RULES, DEFAULT_POLICY).findings,
    [{ blocked: [{ from: ['batch', 'train'] }] }],
    'a state lists the finding once, with both namespaces'
  )
})

t.test('changes that are allowed without evaluation', async t => {
  const broken = stockWith(BLOCKING)
  const owner = (apiVersion: string) =>
    `, ownerReferences: [{ apiVersion: ${apiVersion}, kind: K, name: n, controller: true }]`
  for (const [name, change] of [
    ['object that is being deleted', update(BLOCKING, rule('*', ', deletionTimestamp: "2026-01-01T00:00:00Z"'))],
    ['object owned by a Knative controller', create(rule('*', owner('networking.internal.knative.dev/v1alpha1')))],
    ['update without a difference', update(BLOCKING, BLOCKING)],
    [
      'update of an annotation that is not read',
      update(BLOCKING, rule('*.local', ', annotations: { example.com/a: b }'))
    ],
    ['update that changes only the API version', update(BLOCKING, BLOCKING.replace('istio.io/v1', 'istio.io/v1beta1'))]
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
    'object owned by another controller is evaluated'
  )
  const annotated = update(BLOCKING, rule('*.local', ', annotations: { istio.io/dry-run: "true" }'))
  t.not(decideChange(broken, annotated).existing.length, 0, 'an annotation that is read is evaluated')
})

t.test('the mode of a rule determines the decision', async t => {
  const by = (policy: Partial<Policy>) => decideChange(stockWith(), create(STRICT), { ...DEFAULT_POLICY, ...policy })
  const id = 'strict-mesh-plain-local-gateway'
  t.equal(by({}).decision, 'deny')
  t.equal(by({ rules: { [id]: 'warn' } }).decision, 'warn')
  t.same(by({ rules: { [id]: 'off' } }).findings, [])
  t.equal(by({ defaultMode: 'warn' }).decision, 'warn', 'mode for rules without one')
  t.equal(by({ defaultMode: 'off', rules: { [id]: 'warn' } }).decision, 'warn', 'mode of the rule')
  t.same(by({ rules: { [id]: 'audit' } }).findings, [], 'a rule in audit mode is not reported on admission')
  const selector = { matchLabels: { 'kubernetes.io/metadata.name': 'istio-system' }, matchExpressions: [] }
  t.equal(
    by({ namespaces: [{ selector, rules: { [id]: 'warn' } }] }).decision,
    'warn',
    'mode set for the matching namespace'
  )
  const otherNamespace = { matchLabels: { 'kubernetes.io/metadata.name': 'user1' }, matchExpressions: [] }
  t.equal(
    by({ namespaces: [{ selector: otherNamespace, rules: { [id]: 'warn' } }] }).decision,
    'deny',
    'mode set for another namespace'
  )
  t.equal(
    by({ defaultMode: 'off', namespaces: [{ selector, rules: { [id]: 'warn' } }] }).decision,
    'warn',
    'mode set for the matching namespace, and another for rules without one'
  )
  t.equal(
    by({ namespaces: [{ selector, rules: { 'tls-certificate-mismatch': 'warn' } }] }).decision,
    'deny',
    'mode set for another rule'
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
    symptom: 'none',
    summary: '',
    on: ['Namespace'],
    reads: [],
    check() {
      throw new Error('no')
    }
  }
  const throwing = {
    ...RULES.failures['mtls-to-plain-listener'],
    explain(): never {
      throw new Error('never')
    }
  }
  const rules: Rules = { failures: { ...RULES.failures, 'mtls-to-plain-listener': throwing }, checks: [check] }
  const { decision, findings, notEvaluated } = decideChange(stockWith(), create(BLOCKING), DEFAULT_POLICY, rules)
  t.equal(decision, 'warn')
  t.same(findings, [])
  t.same(notEvaluated, [
    { rule: 'broken-check', missing: [], reason: 'it failed: no' },
    { rule: 'client-mtls-to-plain-listener', missing: [], reason: 'it failed: never' }
  ])
  t.equal(
    decideChange(stockWith(), create(BLOCKING), { ...DEFAULT_POLICY, unevaluated: 'deny' }, rules).decision,
    'deny'
  )
})

t.test('a rule that throws a value other than an Error is skipped as well', async t => {
  const check: CheckRule = {
    id: 'odd',
    category: 'outage',
    mode: 'deny',
    symptom: 'none',
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
  const withoutDestinationRules = stockWith().withUnreadable(new Map([['DestinationRule', 'forbidden'] as const]))
  const { decision, findings, notEvaluated } = decideChange(withoutDestinationRules, create(BLOCKING))
  t.equal(decision, 'warn')
  t.same(findings, [])
  t.match(notEvaluated, [
    { rule: 'paths', missing: ['DestinationRule'], reason: 'DestinationRule: forbidden' },
    { rule: 'destinationrule-on-externalname', missing: ['DestinationRule'] },
    { rule: 'destinationrule-superseded', missing: ['DestinationRule'] },
    { rule: 'destinationrule-tls-without-mode', missing: ['DestinationRule'] }
  ])
  t.match(decideChange(withoutDestinationRules, create(model('new'))), {
    decision: 'warn',
    findings: [],
    notEvaluated: [{ rule: 'paths' }]
  })
  const withoutModels = stockWith().withUnreadable(new Map([['InferenceService', 'forbidden'] as const]))
  t.match(decideChange(withoutModels, create(STRICT)).notEvaluated[0], { rule: 'paths', missing: ['InferenceService'] })
})

t.test('objects out of scope are allowed, unreadable objects follow `unevaluated`', async t => {
  t.equal(unevaluated(undefined, DEFAULT_POLICY).decision, 'allow')
  t.match(unevaluated('no spec', DEFAULT_POLICY), { decision: 'warn', notEvaluated: [{ reason: 'no spec' }] })
  t.equal(unevaluated('no spec', { ...DEFAULT_POLICY, unevaluated: 'deny' }).decision, 'deny')
})

t.test('a state is decided by all of its findings', async t => {
  t.same(decideState(stockWith(), RULES, DEFAULT_POLICY), {
    decision: 'allow',
    findings: [],
    notEvaluated: [],
    suppressed: []
  })
  t.match(decideState(stockWith(BLOCKING), RULES, DEFAULT_POLICY), {
    decision: 'deny',
    findings: [{ blocked: [{}, {}] }]
  })
  const off: Policy = { ...DEFAULT_POLICY, rules: { 'client-mtls-to-plain-listener': 'off' } }
  t.same(decideState(stockWith(BLOCKING), RULES, off).findings, [])
})

t.test('the decision does not depend on the order of objects', async t => {
  const [a, b] = [
    model('a', ', annotations: { sidecar.istio.io/inject: "false" }'),
    model('b', ', annotations: { sidecar.istio.io/inject: "false" }')
  ]
  const findingsIn = (yaml: string) => decideState(stockWith(yaml), RULES, DEFAULT_POLICY).findings
  t.same(findingsIn(`${STRICT}---${a}---${b}`), findingsIn(`${b}---${a}---${STRICT}`))
  t.equal(findingsIn(`${STRICT}---${a}---${b}`).length, 3)
})

t.test('a failure of running and next pods is reported once', async t => {
  const otherAccount = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: sklearn-iris, creationTimestamp: "2026-01-01T00:00:00Z" }
spec: { predictor: { serviceAccountName: other, model: { modelFormat: { name: sklearn } } } }
`
  const rollout = stockWith(`${STRICT.replace('istio-system', 'user1')}---${otherAccount}`)
  const after = resourceOf(authorization('user1', '{}'))
  const { findings } = decideChange(rollout, { operation: 'CREATE', after })
  const ofPolicy = findings.filter(({ rule }) => rule === 'policy-denies-request-path')
  t.match(ofPolicy, [{ category: 'outage', mode: 'deny' }])
  t.equal(ofPolicy.length, 1)
})

t.test('a finding is named after the path that all callers of the model need', async t => {
  const strict = stockWith(STRICT.replace('istio-system', 'user1'))
  const after = resourceOf(authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [absent] } }] }] }'))
  t.match(decideChange(strict, { operation: 'CREATE', after }).findings, [
    { message: /^AuthorizationPolicy user1\/rules denies istio-system gateways at user1\/sklearn-iris/ }
  ])
})

t.test('of several policies that allow nothing, the changed one is the cause', async t => {
  const policyOf = (name: string, year: number, namespaces: string) =>
    authorization('user1', `{ rules: [{ from: [{ source: { namespaces: [${namespaces}] } }] }] }`).replace(
      'name: rules',
      `name: ${name}, creationTimestamp: "${year}-01-01T00:00:00Z"`
    )
  const everyone = 'user1, istio-system, knative-serving'
  const state = stockWith(
    [STRICT.replace('istio-system', 'user1'), policyOf('old', 2024, everyone), policyOf('new', 2025, 'team')].join(
      '---'
    )
  )
  const before = resourceOf(policyOf('old', 2024, everyone))
  const after = resourceOf(policyOf('old', 2024, 'team'))
  const { findings } = decideChange(state, { operation: 'UPDATE', before, after })
  t.same([...new Set(findings.filter(({ blocked }) => blocked.length > 0).map(({ object }) => object.name))], ['old'])
})

t.test('failures after the next rollout are warnings', async t => {
  const mutual = clientRule('*.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')
  const pathFindings = ({ findings }: ReturnType<typeof decideChange>) =>
    findings
      .filter(({ blocked }) => blocked.length > 0)
      .map(({ rule, category, mode }) => `${rule} ${category} ${mode}`)
  const latent = ['client-mtls-to-workload-without-sidecar latent-outage warn']
  const [injecting, bare] = [namespace('istio-injection: enabled'), namespace('a: b')]
  const unlabelled = decideChange(stockWith(mutual), update(injecting, bare))
  t.equal(unlabelled.decision, 'warn', 'the running pods keep their sidecars')
  t.same(pathFindings(unlabelled), latent)
  t.same(pathFindings(decideChange(stockWith(bare), create(mutual))), latent, 'the DestinationRule is created last')
  const both = stockWith(`${bare}---${mutual}`)
  t.same(
    pathFindings(decideChange(both, create(rule('example.com', ', labels: { a: b }').replace('default', 'other')))),
    [],
    'pre-existing problem'
  )
  t.same(
    pathFindings({ ...decideState(both, RULES, DEFAULT_POLICY), existing: [] }),
    latent,
    'audit reports it as well'
  )
  const changed = model(
    'sklearn-iris',
    ', labels: { team: blue }, annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }'
  )
  const before = model('sklearn-iris', ', annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }')
  t.same(
    pathFindings(decideChange(both, update(before, changed))),
    ['client-mtls-to-workload-without-sidecar outage deny'],
    'an update of the model recreates its pods'
  )
})

t.test('a policy that denies some callers gets a warning, one that denies all is denied', async t => {
  const onlyIris = (yaml = '') => {
    const state = stockWith(yaml)
    return state.withAll(
      'InferenceService',
      state.list('InferenceService').filter(({ name }) => name === 'sklearn-iris')
    )
  }
  const allowing = (namespaces: string) =>
    authorization(
      'user1',
      `{ rules: [{ from: [{ source: { namespaces: [${namespaces}] } }] }, { to: [{ operation: { paths: [/metrics] } }] }] }`
    )
  const resultOf = (state: Snapshot, change: Change) => {
    const { decision, findings } = decideChange(state, change)
    return [decision, ...rulesOf(findings.filter(({ blocked }) => blocked.length > 0))]
  }
  t.same(
    resultOf(onlyIris(), create(allowing('istio-system'))),
    ['warn', 'policy-denies-request-path'],
    'other callers are allowed'
  )
  t.same(
    resultOf(onlyIris(), create(allowing('absent'))),
    ['deny', 'policy-denies-request-path'],
    'no caller is allowed'
  )
  t.same(
    resultOf(
      onlyIris(),
      create(authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [istio-system] } }] }] }'))
    ),
    ['deny', 'policy-denies-request-path'],
    'the metrics scrape of the autoscaler is denied'
  )
  const created = newModel(', annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" }')
  t.same(
    resultOf(onlyIris(allowing('istio-system')), create(created)),
    ['allow'],
    'new model that the existing policy allows'
  )
  t.same(
    resultOf(onlyIris(allowing('absent')), create(created)),
    ['warn', 'policy-denies-request-path'],
    'new model that the existing policy blocks'
  )
})

t.test('blocked probes are not reported if requests are blocked', async t => {
  const allowNothing = authorization('user1', '{}')
  const { findings } = decideChange(stockWith(), create(allowNothing))
  const callers = new Set(findings.flatMap(({ blocked }) => blocked.map(({ caller }) => caller)))
  t.same([...callers].sort(), ['external', 'in-mesh', 'non-mesh'])
  const metrics = authorization('user1', '{ action: DENY, rules: [{ to: [{ operation: { paths: [/metrics] } }] }] }')
  const denied = decideChange(stockWith(), create(metrics))
  t.match(denied.findings, [{ mode: 'deny', blocked: [{ caller: 'probe' }, { caller: 'probe' }] }])
})

t.test('a finding of a predictor with a transformer is reported once', async t => {
  const two = newModel('', 'predictor: { sklearn: {} }, transformer: {}')
  const metrics = authorization(
    'user1',
    '{ selector: { matchLabels: { component: predictor } }, action: DENY, rules: [{ to: [{ operation: { paths: [/metrics] } }] }] }'
  )
  t.equal(decideChange(stockWith(two), create(metrics)).decision, 'deny')
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: elsewhere }'
  t.equal(
    decideChange(stockWith(`${two}---${metrics}`), create(namespace)).decision,
    'allow',
    'the finding is pre-existing'
  )
})

t.test('blocked control plane paths of KServe, Knative and Istio are denied', async t => {
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

t.test('probes blocked together with requests are reported neither as new nor as pre-existing', async t => {
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
