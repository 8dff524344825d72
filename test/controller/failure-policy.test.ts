import t from 'tap'
import { farewell } from '../../src/controller/fail-open-on-shutdown.ts'
import { registrarOf } from '../../src/controller/failure-policy.ts'
import { afterSelfTest, passesSelfTest, type Trust } from '../../src/controller/self-test.ts'
import { registrationOf } from '../../src/controller/webhook-configuration.ts'
import { testClock } from '../support/clock.ts'
import { apiFor, installed, logged, policyIn, REFUSAL, registered, VALIDATING } from '../support/controller.ts'
import { failure } from '../support/writable-cluster.ts'

function build() {
  const cluster = installed()
  const clock = testClock()
  const { log, said } = logged()
  const api = apiFor(cluster)
  const bundle = { text: 'PEM' }
  const wanted = () => registered({ bundle: bundle.text })
  const excuse = { holds: false }
  const isExcused = () => excuse.holds
  const options = { api, registration: registrationOf(api, log, clock), wanted, isExcused, log, clock }
  return { cluster, clock, said, api, bundle, excuse, options, registrar: registrarOf(options) }
}
const works = () => REFUSAL

t.test('a self-test passes when it is we who refuse', async t => {
  const { cluster, api } = build()
  const test = () => passesSelfTest(api, 'mesh-guard')
  t.equal(await test(), false, 'nobody refuses')
  cluster.refusal = works
  t.equal(await test(), true)
  cluster.refusal = () => 'admission webhook "other" denied the request: no'
  t.equal(await test(), false, 'another webhook refuses')
  cluster.refusal = () => 'configmaps is forbidden: cannot create'
  t.equal(await test(), false, 'we have no right to ask')
  for (const status of [429, 500, 503]) {
    cluster.fault = () => failure(status, 'later')
    await t.rejects(test(), { name: 'Refused', status }, 'that says nothing')
  }
})

t.test('one proof closes, and three failures on end open', async t => {
  const walk = (...results: readonly (boolean | 'excused')[]) =>
    results.reduce<Trust>((trust, result) => afterSelfTest(trust, result === true, result === 'excused'), {
      failurePolicy: 'Ignore',
      failures: 0
    }).failurePolicy
  t.equal(walk(false), 'Ignore')
  t.equal(walk(false, false, true), 'Fail')
  t.equal(walk(true, false, false), 'Fail')
  t.equal(walk(true, false, false, true, false, false), 'Fail')
  t.equal(walk(true, false, false, false), 'Ignore')
  t.equal(walk('excused', 'excused', 'excused'), 'Ignore', 'nothing was proven')
  t.equal(walk(true, 'excused', 'excused', 'excused', 'excused'), 'Fail')
  t.equal(walk(true, 'excused', 'excused', 'excused', false), 'Ignore', 'it has failed for long')
  t.equal(walk(true, false, false, false, 'excused'), 'Ignore', 'what is open stays open')
})

t.test('a failure that is excused opens nothing', async t => {
  const { cluster, clock, excuse, registrar } = build()
  cluster.refusal = works
  const stop = new AbortController()
  const keeping = registrar.keep(stop.signal)
  await clock.pass(0)
  cluster.refusal = undefined
  excuse.holds = true
  await clock.pass(60_000)
  t.equal(policyIn(cluster), 'Fail')
  excuse.holds = false
  await clock.pass(2_000)
  t.equal(policyIn(cluster), 'Ignore')
  stop.abort()
  await keeping
})

t.test('it registers open, closes with the proof, and opens without', async t => {
  const { cluster, clock, registrar, said } = build()
  const stop = new AbortController()
  const keeping = registrar.keep(stop.signal)
  await clock.pass(0)
  t.equal(policyIn(cluster), 'Ignore')
  t.equal(registrar.failurePolicy(), 'Ignore')
  cluster.refusal = works
  await clock.pass(2_000)
  t.equal(policyIn(cluster), 'Fail')
  t.equal(registrar.failurePolicy(), 'Fail')
  cluster.refusal = undefined
  await clock.pass(10_000 + 2_000)
  t.equal(policyIn(cluster), 'Fail', 'after two failures')
  await clock.pass(2_000)
  t.equal(policyIn(cluster), 'Ignore')
  cluster.refusal = works
  await clock.pass(12_000)
  t.equal(policyIn(cluster), 'Fail')
  stop.abort()
  await keeping
  t.equal(registrar.failurePolicy(), undefined, 'who does not lead does not know')
  t.same(said, [
    'info self-test passed, switching failurePolicy to Fail',
    'error self-test failed 3 times, switching failurePolicy to Ignore',
    'info self-test passed, switching failurePolicy to Fail'
  ])
})

t.test('a new leader leaves closed what is closed', async t => {
  const { cluster, clock, options, registrar } = build()
  await options.registration.reconcile(registered({ failurePolicy: 'Fail' }))
  const stop = new AbortController()
  const keeping = registrar.keep(stop.signal)
  await clock.pass(0)
  t.equal(policyIn(cluster), 'Fail')
  await clock.pass(4_000)
  t.equal(policyIn(cluster), 'Ignore', 'until it has its own doubts')
  stop.abort()
  await keeping
})

t.test('trouble is told once, and leaves all as it is', async t => {
  const { cluster, clock, registrar, said } = build()
  cluster.refusal = works
  const down = () => {
    throw new Error('ECONNREFUSED')
  }
  cluster.fault = down
  const stop = new AbortController()
  const keeping = registrar.keep(stop.signal)
  await clock.pass(10_000)
  t.equal(registrar.failurePolicy(), undefined)
  cluster.fault = undefined
  await clock.pass(10_000)
  cluster.fault = down
  await clock.pass(60_000)
  t.equal(registrar.failurePolicy(), 'Fail')
  cluster.fault = undefined
  await clock.pass(10_000)
  t.equal(policyIn(cluster), 'Fail')
  const [trouble, , again, ...more] = said
  t.equal(trouble, 'warn reconciling the webhook configurations failed ECONNREFUSED')
  t.equal(again, trouble, 'after a time without it, it is news')
  t.same(more, [])
  stop.abort()
  await keeping
})

t.test('a bundle is settled when it has been in force for a minute', async t => {
  const { cluster, clock, registrar, bundle } = build()
  cluster.refusal = works
  const stop = new AbortController()
  const keeping = registrar.keep(stop.signal)
  await clock.pass(50_000)
  t.equal(registrar.settled(), undefined)
  await clock.pass(20_000)
  t.equal(registrar.settled(), 'PEM')
  bundle.text = 'NEW'
  await clock.pass(60_000)
  t.equal(registrar.settled(), undefined)
  await clock.pass(20_000)
  t.equal(registrar.settled(), 'NEW')
  cluster.refusal = undefined
  await clock.pass(10_000)
  t.equal(registrar.settled(), undefined, 'but not when it does not work')
  cluster.refusal = works
  await clock.pass(10_000)
  t.equal(registrar.settled(), 'NEW')
  for (let edits = 0; edits < 5; edits++) {
    cluster.put(VALIDATING, { metadata: { name: 'a' } })
    await clock.pass(10_000)
  }
  t.equal(registrar.settled(), undefined, 'nor when somebody else has the last word')
  t.equal(registrar.failurePolicy(), undefined)
  stop.abort()
  await keeping
})

t.test('the farewell opens when nobody else answers', async t => {
  const { cluster, clock, options, said } = build()
  const leave = async () => {
    const leaving = farewell(options)
    await clock.pass(10_000)
    await leaving
  }
  await leave()
  t.equal(policyIn(cluster), undefined, 'nothing to open')
  await options.registration.reconcile(registered({ failurePolicy: 'Fail' }))
  cluster.refusal = works
  await leave()
  t.equal(policyIn(cluster), 'Fail', 'another replica answers')
  let left = 3
  cluster.refusal = () => (left-- > 0 ? undefined : REFUSAL)
  await leave()
  t.equal(policyIn(cluster), 'Fail', 'another one answers some of the time')
  cluster.refusal = undefined
  await leave()
  t.equal(policyIn(cluster), 'Ignore')
  cluster.fault = () => {
    throw new Error('ECONNREFUSED')
  }
  await leave()
  t.same(said, [
    'warn last replica stopping, switching failurePolicy to Ignore',
    'error switching failurePolicy to Ignore on shutdown failed, mesh changes can be denied until a replica is ready'
  ])
})
