import t from 'tap'
import { parse } from 'yaml'
import { nowMs } from '../../src/evaluator/clock.ts'
import { Evaluation, type EvaluationOptions } from '../../src/evaluator/evaluation.ts'
import type { Question } from '../../src/evaluator/evaluator.ts'
import { REPORT_APIS, type ReportApi } from '../../src/report/openreports.ts'
import type { KindHealth } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { WRITTEN_POLICY } from '../support/evaluator.ts'
import { clientRule, model } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const [API] = REPORT_APIS as [ReportApi]
const CUT = clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }')
const RULE = 'client-mtls-to-plain-listener'

function build(state: Snapshot = stockWith(), more: Partial<EvaluationOptions> = {}) {
  const { health } = staticSource(state)
  const now: { state: Snapshot; health: KindHealth['health'] } = { state, health: 'synced' }
  const heard: boolean[] = []
  const source = {
    current: () => now.state,
    health: () => health().map(one => ({ ...one, health: now.health }))
  }
  const onState = (isEvaluated: boolean) => heard.push(isEvaluated)
  const evaluation = new Evaluation(WRITTEN_POLICY, { source, ownNamespace: 'mesh-guard', onState, ...more })
  const ask = (question: Question, yaml: string, budgetMs = 60_000) =>
    evaluation.review(question, toBody(yaml), nowMs() + budgetMs)
  return { evaluation, ask, now, heard }
}

function toBody(yaml: string): Uint8Array {
  const object = parse(yaml)
  const { apiVersion, kind, metadata } = object
  const [group, version] = apiVersion.split('/')
  const request = {
    uid: 'u',
    kind: { group, version, kind },
    operation: 'CREATE',
    namespace: metadata.namespace,
    name: 'n'
  }
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }
  return Buffer.from(JSON.stringify({ ...review, request: { ...request, object } }))
}

t.test('a change is answered, with a record for log and metrics', async t => {
  const { ask } = build()
  const about = { uid: 'u', operation: 'CREATE', dryRun: false, evidence: { unsound: {} } }
  t.match(ask('validate', CUT), {
    answer: /"allowed":false/,
    record: {
      ...about,
      event: 'admission decision',
      decision: 'deny',
      findings: [{ rule: RULE, mode: 'deny' }],
      seconds: Number
    }
  })
  t.match(ask('mutate', model('')), {
    answer: /"allowed":true/,
    record: { ...about, event: 'mutation applied', added: [] }
  })
})

t.test('what is no AdmissionReview is said to be none', async t => {
  const { evaluation } = build()
  for (const [body, fault] of [
    ['', 'the body is empty'],
    ['{', /^the body is not JSON: /],
    ['{}', /^not an AdmissionReview of admission.k8s.io\/v1: /]
  ] as const) {
    t.match(evaluation.review('validate', Buffer.from(body), nowMs() + 60_000), { fault })
  }
})

t.test('the deadline ends the evaluation of a change, and not that of the state', async t => {
  const { evaluation, ask, heard } = build()
  t.equal(ask('validate', CUT, 0), undefined)
  t.same(heard, [], 'what is too late is not begun')
  let reads = 0
  const state = stockWith(
    Array.from({ length: 20 }, (_, i) => model('').replace('name: new', `name: n-${i}`)).join('---\n')
  )
  const slow = build(state, {
    source: {
      ...staticSource(state),
      current: () => {
        // All of its time has passed when the state is evaluated.
        reads++
        const end = nowMs() + 20
        while (nowMs() < end);
        return state
      }
    }
  })
  t.equal(slow.ask('validate', CUT, 10), undefined)
  t.equal(slow.ask('mutate', model(''), 10), undefined)
  t.same(slow.heard, [false, true])
  t.match(slow.ask('validate', CUT), { record: { decision: 'deny' } })
  t.same(slow.heard, [false, true], 'it is evaluated but once')
  t.ok(reads > 0)
  t.equal(evaluation.changes, 1)
})

t.test('the state is evaluated ahead of requests, once it is known', async t => {
  const { evaluation, ask, now, heard } = build()
  now.health = 'starting'
  evaluation.prepare()
  t.same(heard, [])
  now.health = 'synced'
  evaluation.prepare()
  t.same(heard, [false, true])
  ask('validate', CUT)
  evaluation.prepare()
  t.same(heard, [false, true])
  now.state = stockWith(CUT)
  t.equal(evaluation.changes, 2)
  evaluation.prepare()
  t.equal(heard.length, 4)
})

t.test('exceptions expire, and another policy counts at once', async t => {
  let date = Date.UTC(2027, 0, 1)
  const { evaluation, ask } = build(undefined, { date: () => date })
  const exceptions = [{ rule: RULE, selector: {}, reason: 'we migrate', owner: 'mesh', expires: '2027-01-31' }]
  const decision = () => JSON.parse(JSON.stringify(ask('validate', CUT))).record.decision
  t.equal(decision(), 'deny')
  evaluation.configure({ ...WRITTEN_POLICY, exceptions })
  t.equal(decision(), 'allow')
  date = Date.UTC(2027, 1, 1)
  t.equal(decision(), 'deny')
})

t.test('an audit counts findings, and has its reports page by page', async t => {
  const { evaluation, now } = build()
  const count = 250
  const models = Array.from({ length: count }, (_, i) => model('').replace('name: new', `name: many-${i}`))
  t.same(evaluation.reports(API, 'home', 0), [], 'before the first')
  t.same(evaluation.audit(), [])
  const noMode = ['user2', 'user3'].map(namespace => clientRule('other.example.com', '{ tls: {} }', namespace))
  now.state = stockWith([CUT, ...noMode, ...models].join('---\n'))
  now.health = 'stale'
  t.equal(evaluation.audit(), undefined, 'what is not known would look like what is gone')
  now.health = 'synced'
  t.same(evaluation.audit(), [
    { rule: RULE, mode: 'deny', count: 1 },
    { rule: 'destinationrule-tls-without-mode', mode: 'warn', count: 2 }
  ])
  const pages = [0, 200, 254].map(from => evaluation.reports(API, 'home', from))
  t.same(
    pages.map(({ length }) => length),
    [200, 54, 0]
  )
  t.equal(new Set(pages.flat().map(({ namespace, name }) => `${namespace}/${name}`)).size, 254)
  t.same(evaluation.reports(API, 'home', 0), [], 'they are read but once')
})
