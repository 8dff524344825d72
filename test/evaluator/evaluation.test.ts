import t from 'tap'
import { parse } from 'yaml'
import { nowMs } from '../../src/evaluator/clock.ts'
import { Evaluation, type EvaluationOptions } from '../../src/evaluator/evaluation.ts'
import type { WebhookType } from '../../src/evaluator/evaluator.ts'
import type { LogMessage } from '../../src/evaluator/messages.ts'
import { REPORT_APIS, type ReportApi } from '../../src/report/openreports.ts'
import type { KindHealth } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { WRITTEN_POLICY } from '../support/evaluator.ts'
import { clientRule, model, namespace, policy } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const [API] = REPORT_APIS as [ReportApi]
const BREAKING_RULE = clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }')
const RULE = 'client-mtls-to-plain-listener'

function build(state: Snapshot = stockWith(), more: Partial<EvaluationOptions> = {}) {
  const { health } = staticSource(state)
  const now: { state: Snapshot; health: KindHealth['health'] } = { state, health: 'synced' }
  const stateEvents: boolean[] = []
  const source = {
    current: () => now.state,
    health: () => health().map(one => ({ ...one, health: now.health }))
  }
  const onState = (isEvaluated: boolean) => stateEvents.push(isEvaluated)
  const log = ({ message }: LogMessage) => t.fail(message)
  const evaluation = new Evaluation(WRITTEN_POLICY, {
    source,
    ownNamespace: 'mesh-guard',
    onState,
    log,
    ...more
  })
  const ask = (webhook: WebhookType, yaml: string, budgetMs = 60_000) =>
    evaluation.review(webhook, toBody(yaml), nowMs() + budgetMs)
  return { evaluation, ask, now, stateEvents }
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

t.test('an outcome has a record for log and metrics', async t => {
  const { ask } = build()
  const common = { uid: 'u', operation: 'CREATE', dryRun: false, cache: { notSynced: {} } }
  t.match(ask('validate', BREAKING_RULE), {
    response: /"allowed":false/,
    record: {
      ...common,
      event: 'admission decision',
      decision: 'deny',
      findings: [{ rule: RULE, mode: 'deny' }],
      seconds: Number
    }
  })
  t.match(ask('mutate', model('')), {
    response: /"allowed":true/,
    record: { ...common, event: 'mutation applied', added: [] }
  })
})

t.test('objects of the own namespace are neither evaluated nor mutated', async t => {
  const strict = policy('mesh-guard', '{ mtls: { mode: STRICT } }')
  const { ask } = build(
    stockWith(`${strict}---${namespace('istio-injection: enabled').replace('user1', 'mesh-guard')}`)
  )
  const own = model('').replace('user1', 'mesh-guard')
  for (const webhook of ['validate', 'mutate'] as const) t.notMatch(ask(webhook, own), { response: /patch|warnings/ })
  t.match(ask('mutate', own), {
    response: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u","allowed":true}}'
  })
})

t.test('a body that is not an AdmissionReview is invalid', async t => {
  const { evaluation } = build()
  for (const [body, invalid] of [
    ['', 'body: empty'],
    ['{', /^body: not JSON: /],
    ['{}', /^body: not an AdmissionReview of admission.k8s.io\/v1: /]
  ] as const) {
    t.match(evaluation.review('validate', Buffer.from(body), nowMs() + 60_000), { invalid })
  }
})

t.test('the deadline limits the evaluation of a change, not of the state', async t => {
  const { evaluation, ask, stateEvents } = build()
  t.equal(ask('validate', BREAKING_RULE, 0), undefined)
  t.same(stateEvents, [], 'a late request does not start')
  let reads = 0
  const state = stockWith(
    Array.from({ length: 20 }, (_, i) => model('').replace('name: new', `name: n-${i}`)).join('---\n')
  )
  const slow = build(state, {
    source: {
      ...staticSource(state),
      current: () => {
        // The budget is used up before the state is evaluated.
        reads++
        const end = nowMs() + 20
        while (nowMs() < end);
        return state
      }
    }
  })
  t.equal(slow.ask('validate', BREAKING_RULE, 10), undefined)
  t.equal(slow.ask('mutate', model(''), 10), undefined)
  t.same(slow.stateEvents, [false, true])
  t.match(slow.ask('validate', BREAKING_RULE), { record: { decision: 'deny' } })
  t.same(slow.stateEvents, [false, true], 'the state is evaluated once')
  t.ok(reads > 0)
  t.equal(evaluation.changes, 1)
})

t.test('a synced state is evaluated before the first request', async t => {
  const { evaluation, ask, now, stateEvents } = build()
  now.health = 'starting'
  evaluation.prepare()
  t.same(stateEvents, [])
  now.health = 'synced'
  evaluation.prepare()
  t.same(stateEvents, [false, true])
  ask('validate', BREAKING_RULE)
  evaluation.prepare()
  t.same(stateEvents, [false, true])
  now.state = stockWith(BREAKING_RULE)
  t.equal(evaluation.changes, 2)
  evaluation.prepare()
  t.equal(stateEvents.length, 4)
})

t.test('exceptions expire, and a new policy takes effect immediately', async t => {
  let date = Date.UTC(2027, 0, 1)
  const { evaluation, ask } = build(undefined, { date: () => date })
  const exceptions = [{ rule: RULE, selector: {}, reason: 'we migrate', owner: 'mesh', expires: '2027-01-31' }]
  const decision = () => JSON.parse(JSON.stringify(ask('validate', BREAKING_RULE))).record.decision
  t.equal(decision(), 'deny')
  evaluation.configure({ ...WRITTEN_POLICY, exceptions })
  t.equal(decision(), 'allow')
  date = Date.UTC(2027, 1, 1)
  t.equal(decision(), 'deny')
})

t.test('an audit returns finding counts, and its reports in pages', async t => {
  const { evaluation, now } = build()
  const count = 250
  const models = Array.from({ length: count }, (_, i) => model('').replace('name: new', `name: many-${i}`))
  t.same(evaluation.reports(API, 'guard', 0), [], 'before the first audit')
  t.same(evaluation.audit(), [])
  t.ok(evaluation.sample.compared > 0, 'models are compared with their evaluation by themselves')
  t.equal(evaluation.sample.disagreements, 0)
  const noMode = ['user2', 'user3'].map(namespace => clientRule('other.example.com', '{ tls: {} }', namespace))
  now.state = stockWith([BREAKING_RULE, ...noMode, ...models].join('---\n'))
  now.health = 'stale'
  t.equal(evaluation.audit(), undefined, 'no audit of a stale state')
  now.health = 'synced'
  t.same(evaluation.audit(), [
    { rule: RULE, mode: 'deny', count: 1 },
    { rule: 'destinationrule-tls-without-mode', mode: 'warn', count: 2 }
  ])
  const pages = [0, 200, 254].map(from => evaluation.reports(API, 'guard', from))
  t.same(
    pages.map(({ length }) => length),
    [200, 54, 0]
  )
  t.equal(new Set(pages.flat().map(({ namespace, name }) => `${namespace}/${name}`)).size, 254)
  t.same(evaluation.reports(API, 'guard', 0), [], 'reports are kept until they are read')
})
