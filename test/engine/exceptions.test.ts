import t from 'tap'
import { decide, decideState } from '../../src/engine/decide.ts'
import { applyExceptions, type Exception, exceptionsAt, type ObjectSelector } from '../../src/engine/exceptions.ts'
import { explain } from '../../src/engine/explain.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { DEFAULT_POLICY, policyAt } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Change } from '../../src/state/snapshot.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const RULE = 'strict-mesh-plain-local-gateway'
const LABELS = '  labels: { team: blue, stage: test }'
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  namespace: istio-system
  name: default
${LABELS}
spec: { mtls: { mode: STRICT } }
`
const BLOCKING = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default }
spec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`
const create = (yaml: string): Change => ({ operation: 'CREATE', after: resourceOf(yaml) })
const exception = (selector: ObjectSelector, more: Partial<Exception> = {}): Exception => ({
  rule: RULE,
  selector,
  reason: 'we migrate',
  owner: 'mesh',
  expires: '2027-01-31',
  ...more
})
const JANUARY = Date.UTC(2027, 0, 15)
const policyWith = (exceptions: readonly Exception[], nowMs = JANUARY) =>
  policyAt({ ...DEFAULT_POLICY, exceptions }, nowMs)

t.test('a selector matches objects that match every given field', async t => {
  for (const [name, selector, isMatch] of [
    ['namespace of the object', { namespaces: ['user1', 'istio-system'] }, true],
    ['other namespace', { namespaces: ['user1'] }, false],
    ['kind of the object', { kind: 'PeerAuthentication' }, true],
    ['other kind', { kind: 'DestinationRule' }, false],
    ['name of the object', { name: 'default' }, true],
    ['other name', { name: 'other' }, false],
    ['labels of the object', { matchLabels: { team: 'blue' } }, true],
    ['one label with another value', { matchLabels: { team: 'blue', stage: 'live' } }, false],
    [
      'every field',
      { namespaces: ['istio-system'], kind: 'PeerAuthentication', name: 'default', matchLabels: {} },
      true
    ],
    [
      'every field, one with another value',
      { namespaces: ['istio-system'], kind: 'PeerAuthentication', name: 'other' },
      false
    ]
  ] as const) {
    const policy = policyWith([exception(selector)])
    const { decision, findings, suppressed } = decide(stockWith(), create(STRICT), RULES, policy)
    t.equal(decision, isMatch ? 'allow' : 'deny', name)
    t.equal(findings.length, isMatch ? 0 : 1, name)
    t.same(
      suppressed,
      isMatch
        ? [
            {
              rule: RULE,
              reason: 'excepted until 2027-01-31 by mesh: PeerAuthentication istio-system/default: we migrate',
              exception: { owner: 'mesh', expires: '2027-01-31', state: 'active' }
            }
          ]
        : [],
      name
    )
  }
})

t.test('an exception is active to the end of its last day, in UTC', async t => {
  const entry = exception({ name: 'default' })
  for (const [now, isActive] of [
    ['2026-12-31T00:00:00Z', true],
    ['2027-01-31T23:59:59.999Z', true],
    ['2027-02-01T00:00:00Z', false]
  ] as const) {
    const { active, expired } = exceptionsAt([entry], Date.parse(now))
    t.same([active, expired], isActive ? [[entry], []] : [[], [entry]], now)
  }
})

t.test('an expired exception has no effect and is listed by audits', async t => {
  const policy = policyWith([exception({ name: 'default' }, { expires: '2027-01-14' })])
  t.match(decide(stockWith(), create(STRICT), RULES, policy), { decision: 'deny', suppressed: [] })
  t.match(decideState(stockWith(STRICT), RULES, policy), {
    decision: 'deny',
    findings: [{ rule: RULE }],
    suppressed: [{ rule: RULE, reason: 'exception expired on 2027-01-14, by mesh: we migrate' }]
  })
  t.equal(
    decideState(stockWith(), RULES, { ...policy, unevaluated: 'deny' }).decision,
    'allow',
    'the expired exception does not affect the decision'
  )
})

t.test('the first matching exception is used, regardless of `unevaluated`', async t => {
  const exceptions = [
    exception({ name: 'default' }, { rule: 'tls-certificate-mismatch' }),
    exception({ name: 'default' }, { owner: 'first' }),
    exception({ name: 'default' }, { owner: 'second' })
  ]
  const policy = { ...policyWith(exceptions), unevaluated: 'deny' as const }
  for (const { decision, suppressed } of [
    decide(stockWith(), create(STRICT), RULES, policy),
    decideState(stockWith(STRICT), RULES, policy)
  ]) {
    t.equal(decision, 'allow')
    t.match(suppressed, [{ exception: { owner: 'first' } }])
  }
})

t.test('pre-existing findings are suppressed as well and listed once', async t => {
  const policy = policyWith([exception({ name: 'default' })])
  const change: Change = {
    operation: 'UPDATE',
    before: resourceOf(STRICT),
    after: resourceOf(STRICT.replace('blue', 'red'))
  }
  t.match(decide(stockWith(STRICT), change, RULES, DEFAULT_POLICY), { existing: [{ rule: RULE }] })
  const { decision, existing, suppressed } = decide(stockWith(STRICT), change, RULES, policy)
  t.same([decision, existing, suppressed.length], ['allow', [], 1])
})

t.test('a Namespace is matched by its own name, a deleted object has no labels', async t => {
  const finding = (kind: string, name: string): Finding => ({
    rule: RULE,
    category: 'outage',
    severity: 'critical',
    mode: 'deny',
    object: { apiVersion: 'v1', kind, namespace: '', name },
    field: '',
    message: '',
    symptom: '503',
    docs: '',
    fix: { text: '' },
    blocked: [],
    exposes: []
  })
  for (const [found, selector, isMatch] of [
    [finding('Namespace', 'user1'), { namespaces: ['user1'] }, true],
    [finding('Namespace', 'user2'), { namespaces: ['user1'] }, false],
    [finding('Node', 'user1'), { namespaces: ['user1'] }, false],
    [finding('Node', 'user1'), { matchLabels: { a: 'b' } }, false],
    [finding('Namespace', 'gone'), { matchLabels: { a: 'b' } }, false],
    [finding('Node', 'user1'), { kind: 'Node', matchLabels: {} }, true]
  ] as const) {
    const { findings, suppressed } = applyExceptions([found], stockWith(), {
      active: [exception(selector)],
      expired: []
    })
    t.same([findings.length, suppressed.length], isMatch ? [0, 1] : [1, 0], JSON.stringify([found.object, selector]))
  }
})

t.test('path findings are suppressed like check findings, also in explanations', async t => {
  const rule = 'client-mtls-to-plain-listener'
  const decisionWith = (selector: ObjectSelector) =>
    decide(stockWith(), create(BLOCKING), RULES, policyWith([exception(selector, { rule })])).decision
  t.equal(decisionWith({ matchLabels: { a: 'b' } }), 'deny')
  t.equal(decisionWith({ name: 'default' }), 'allow')
  const explained = explain(
    stockWith(BLOCKING),
    () => true,
    RULES,
    policyWith([exception({ name: 'default' }, { rule })])
  )
  t.equal(explained.decision, 'allow')
  t.match(explained.suppressed, [{ rule }])
})
