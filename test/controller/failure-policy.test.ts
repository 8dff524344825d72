import t from 'tap'
import { failOpenIfLastReplica } from '../../src/controller/fail-open-on-shutdown.ts'
import { createFailurePolicyController } from '../../src/controller/failure-policy.ts'
import { afterSelfTest, runSelfTest, type SelfTestState } from '../../src/controller/self-test.ts'
import { createWebhookConfigurations } from '../../src/controller/webhook-configuration.ts'
import { testClock } from '../support/clock.ts'
import {
  apiClientFor,
  installed,
  logged,
  policyIn,
  REFUSAL,
  VALIDATING,
  webhookOptions
} from '../support/controller.ts'
import { failure } from '../support/writable-cluster.ts'

function build() {
  const cluster = installed()
  const clock = testClock()
  const { log, said } = logged()
  const api = apiClientFor(cluster)
  const caBundle = { text: 'PEM' }
  const desired = () => webhookOptions({ caBundle: caBundle.text })
  const gracePeriod = { isActive: false }
  const inGracePeriod = () => gracePeriod.isActive
  const options = {
    api,
    configurations: createWebhookConfigurations(api, log, clock),
    desired,
    inGracePeriod,
    log,
    clock
  }
  return {
    cluster,
    clock,
    said,
    api,
    caBundle,
    gracePeriod,
    options,
    controller: createFailurePolicyController(options)
  }
}
const works = () => REFUSAL

t.test('a self-test passes when it is we who refuse', async t => {
  const { cluster, api } = build()
  const test = () => runSelfTest(api, 'mesh-guard')
  t.equal(await test(), false, 'nobody refuses')
  cluster.refusal = works
  t.equal(await test(), true)
  cluster.refusal = () => 'admission webhook "other" denied the request: no'
  t.equal(await test(), false, 'another webhook refuses')
  cluster.refusal = () => 'configmaps is forbidden: cannot create'
  t.equal(await test(), false, 'we have no right to ask')
  for (const status of [429, 500, 503]) {
    cluster.fault = () => failure(status, 'later')
    await t.rejects(test(), { name: 'ApiStatusError', status }, 'that says nothing')
  }
})

t.test('one proof closes, and three failures on end open', async t => {
  const walk = (...results: readonly (boolean | 'excused')[]) =>
    results.reduce<SelfTestState>((state, result) => afterSelfTest(state, result === true, result === 'excused'), {
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
  const { cluster, clock, gracePeriod, controller } = build()
  cluster.refusal = works
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(0)
  cluster.refusal = undefined
  gracePeriod.isActive = true
  await clock.pass(60_000)
  t.equal(policyIn(cluster), 'Fail')
  gracePeriod.isActive = false
  await clock.pass(2_000)
  t.equal(policyIn(cluster), 'Ignore')
  stop.abort()
  await keeping
})

t.test('it registers open, closes with the proof, and opens without', async t => {
  const { cluster, clock, controller, said } = build()
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(0)
  t.equal(policyIn(cluster), 'Ignore')
  t.equal(controller.failurePolicy(), 'Ignore')
  cluster.refusal = works
  await clock.pass(2_000)
  t.equal(policyIn(cluster), 'Fail')
  t.equal(controller.failurePolicy(), 'Fail')
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
  t.equal(controller.failurePolicy(), undefined, 'who does not lead does not know')
  t.same(said, [
    'info self-test passed, switching failurePolicy to Fail',
    'error self-test failed 3 times, switching failurePolicy to Ignore',
    'info self-test passed, switching failurePolicy to Fail'
  ])
})

t.test('a new leader leaves closed what is closed', async t => {
  const { cluster, clock, options, controller } = build()
  await options.configurations.reconcile(webhookOptions({ failurePolicy: 'Fail' }))
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(0)
  t.equal(policyIn(cluster), 'Fail')
  await clock.pass(4_000)
  t.equal(policyIn(cluster), 'Ignore', 'until it has its own doubts')
  stop.abort()
  await keeping
})

t.test('trouble is told once, and leaves all as it is', async t => {
  const { cluster, clock, controller, said } = build()
  cluster.refusal = works
  const down = () => {
    throw new Error('ECONNREFUSED')
  }
  cluster.fault = down
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(10_000)
  t.equal(controller.failurePolicy(), undefined)
  cluster.fault = undefined
  await clock.pass(10_000)
  cluster.fault = down
  await clock.pass(60_000)
  t.equal(controller.failurePolicy(), 'Fail')
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

t.test('a caBundle is publishedBundle when it has been in force for a minute', async t => {
  const { cluster, clock, controller, caBundle } = build()
  cluster.refusal = works
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(50_000)
  t.equal(controller.publishedBundle(), undefined)
  await clock.pass(20_000)
  t.equal(controller.publishedBundle(), 'PEM')
  caBundle.text = 'NEW'
  await clock.pass(60_000)
  t.equal(controller.publishedBundle(), undefined)
  await clock.pass(20_000)
  t.equal(controller.publishedBundle(), 'NEW')
  cluster.refusal = undefined
  await clock.pass(10_000)
  t.equal(controller.publishedBundle(), undefined, 'but not when it does not work')
  cluster.refusal = works
  await clock.pass(10_000)
  t.equal(controller.publishedBundle(), 'NEW')
  for (let edits = 0; edits < 5; edits++) {
    cluster.put(VALIDATING, { metadata: { name: 'a' } })
    await clock.pass(10_000)
  }
  t.equal(controller.publishedBundle(), undefined, 'nor when somebody else has the last word')
  t.equal(controller.failurePolicy(), undefined)
  stop.abort()
  await keeping
})

t.test('the failOpenIfLastReplica opens when nobody else answers', async t => {
  const { cluster, clock, options, said } = build()
  const beforeShutdown = async () => {
    const leaving = failOpenIfLastReplica(options)
    await clock.pass(10_000)
    await leaving
  }
  await beforeShutdown()
  t.equal(policyIn(cluster), undefined, 'nothing to open')
  await options.configurations.reconcile(webhookOptions({ failurePolicy: 'Fail' }))
  cluster.refusal = works
  await beforeShutdown()
  t.equal(policyIn(cluster), 'Fail', 'another replica answers')
  let left = 3
  cluster.refusal = () => (left-- > 0 ? undefined : REFUSAL)
  await beforeShutdown()
  t.equal(policyIn(cluster), 'Fail', 'another one answers some of the time')
  cluster.refusal = undefined
  await beforeShutdown()
  t.equal(policyIn(cluster), 'Ignore')
  cluster.fault = () => {
    throw new Error('ECONNREFUSED')
  }
  await beforeShutdown()
  t.same(said, [
    'warn last replica stopping, switching failurePolicy to Ignore',
    'error switching failurePolicy to Ignore on shutdown failed, mesh changes can be denied until a replica is ready'
  ])
})
