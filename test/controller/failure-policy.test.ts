import t from 'tap'
import { failOpenIfLastReplica } from '../../src/controller/fail-open-on-shutdown.ts'
import { createFailurePolicyController } from '../../src/controller/failure-policy.ts'
import { afterSelfTest, runSelfTest, type SelfTestState } from '../../src/controller/self-test.ts'
import { createWebhookConfigurations } from '../../src/controller/webhook-configuration.ts'
import { testClock } from '../support/clock.ts'
import {
  apiClientFor,
  failurePolicyIn,
  installedCluster,
  REFUSAL,
  recordingLogger,
  VALIDATING,
  webhookOptions
} from '../support/controller.ts'
import { failure } from '../support/writable-cluster.ts'

function build() {
  const cluster = installedCluster()
  const clock = testClock()
  const { log, logLines } = recordingLogger()
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
    logLines,
    api,
    caBundle,
    gracePeriod,
    options,
    controller: createFailurePolicyController(options)
  }
}
const works = () => REFUSAL

t.test('self-test passes only if the webhook of the guard denies it', async t => {
  const { cluster, api } = build()
  const test = () => runSelfTest(api, 'mesh-guard')
  t.equal(await test(), false, 'not denied')
  cluster.refusal = works
  t.equal(await test(), true)
  cluster.refusal = () => 'admission webhook "other" denied the request: no'
  t.equal(await test(), false, 'denied by another webhook')
  cluster.refusal = () => 'configmaps is forbidden: cannot create'
  t.equal(await test(), false, 'denied by RBAC')
  for (const status of [429, 500, 503]) {
    cluster.fault = () => failure(status, 'later')
    await t.rejects(test(), { name: 'ApiStatusError', status }, 'server error is not a result')
  }
})

t.test('one success sets Fail, and three consecutive failures set Ignore', async t => {
  const walk = (...results: readonly (boolean | 'grace')[]) =>
    results.reduce<SelfTestState>((state, result) => afterSelfTest(state, result === true, result === 'grace'), {
      failurePolicy: 'Ignore',
      failures: 0
    }).failurePolicy
  t.equal(walk(false), 'Ignore')
  t.equal(walk(false, false, true), 'Fail')
  t.equal(walk(true, false, false), 'Fail')
  t.equal(walk(true, false, false, true, false, false), 'Fail')
  t.equal(walk(true, false, false, false), 'Ignore')
  t.equal(walk('grace', 'grace', 'grace'), 'Ignore', 'no self-test has passed')
  t.equal(walk(true, 'grace', 'grace', 'grace', 'grace'), 'Fail')
  t.equal(walk(true, 'grace', 'grace', 'grace', false), 'Ignore', 'failure after the grace period')
  t.equal(walk(true, false, false, false, 'grace'), 'Ignore', 'Ignore is kept during the grace period')
})

t.test('failure in the grace period keeps failurePolicy Fail', async t => {
  const { cluster, clock, gracePeriod, controller } = build()
  cluster.refusal = works
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(0)
  cluster.refusal = undefined
  gracePeriod.isActive = true
  await clock.pass(60_000)
  t.equal(failurePolicyIn(cluster), 'Fail')
  gracePeriod.isActive = false
  await clock.pass(2_000)
  t.equal(failurePolicyIn(cluster), 'Ignore')
  stop.abort()
  await keeping
})

t.test('failurePolicy starts as Ignore and follows the self-test', async t => {
  const { cluster, clock, controller, logLines } = build()
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(0)
  t.equal(failurePolicyIn(cluster), 'Ignore')
  t.equal(controller.failurePolicy(), 'Ignore')
  cluster.refusal = works
  await clock.pass(2_000)
  t.equal(failurePolicyIn(cluster), 'Fail')
  t.equal(controller.failurePolicy(), 'Fail')
  cluster.refusal = undefined
  await clock.pass(10_000 + 2_000)
  t.equal(failurePolicyIn(cluster), 'Fail', 'after two failures')
  await clock.pass(2_000)
  t.equal(failurePolicyIn(cluster), 'Ignore')
  cluster.refusal = works
  await clock.pass(12_000)
  t.equal(failurePolicyIn(cluster), 'Fail')
  stop.abort()
  await keeping
  t.equal(controller.failurePolicy(), undefined, 'failurePolicy is undefined on other replicas')
  t.same(logLines, [
    'info self-test passed, switching failurePolicy to Fail',
    'error self-test failed 3 times, switching failurePolicy to Ignore',
    'info self-test passed, switching failurePolicy to Fail'
  ])
})

t.test('new leader keeps failurePolicy Fail until its own self-test fails', async t => {
  const { cluster, clock, options, controller } = build()
  await options.configurations.reconcile(webhookOptions({ failurePolicy: 'Fail' }))
  const stop = new AbortController()
  const keeping = controller.run(stop.signal)
  await clock.pass(0)
  t.equal(failurePolicyIn(cluster), 'Fail')
  await clock.pass(4_000)
  t.equal(failurePolicyIn(cluster), 'Ignore', 'after three failures of its own')
  stop.abort()
  await keeping
})

t.test('error is logged once and changes nothing', async t => {
  const { cluster, clock, controller, logLines } = build()
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
  t.equal(failurePolicyIn(cluster), 'Fail')
  const [error, , again, ...more] = logLines
  t.equal(error, 'warn reconciling the webhook configurations failed ECONNREFUSED')
  t.equal(again, error, 'logged again after a success')
  t.same(more, [])
  stop.abort()
  await keeping
})

t.test('CA bundle is published after a minute', async t => {
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
  t.equal(controller.publishedBundle(), undefined, 'undefined while the self-test fails')
  cluster.refusal = works
  await clock.pass(10_000)
  t.equal(controller.publishedBundle(), 'NEW')
  cluster.put(VALIDATING, { metadata: { name: 'a' } })
  await clock.pass(10_000)
  t.equal(controller.publishedBundle(), undefined, 'a repaired configuration has to propagate again')
  await clock.pass(70_000)
  t.equal(controller.publishedBundle(), 'NEW')
  for (let edits = 0; edits < 5; edits++) {
    cluster.put(VALIDATING, { metadata: { name: 'a' } })
    await clock.pass(10_000)
  }
  t.equal(controller.publishedBundle(), undefined, 'undefined while backing off')
  t.equal(controller.failurePolicy(), undefined)
  stop.abort()
  await keeping
})

t.test('last replica sets failurePolicy Ignore on shutdown', async t => {
  const { cluster, clock, options, logLines } = build()
  const beforeShutdown = async () => {
    const leaving = failOpenIfLastReplica(options)
    await clock.pass(10_000)
    await leaving
  }
  await beforeShutdown()
  t.equal(failurePolicyIn(cluster), undefined, 'not registered')
  await options.configurations.reconcile(webhookOptions({ failurePolicy: 'Fail' }))
  cluster.refusal = works
  await beforeShutdown()
  t.equal(failurePolicyIn(cluster), 'Fail', 'another replica answers')
  let left = 3
  cluster.refusal = () => (left-- > 0 ? undefined : REFUSAL)
  await beforeShutdown()
  t.equal(failurePolicyIn(cluster), 'Fail', 'another replica answers some requests')
  cluster.refusal = undefined
  await beforeShutdown()
  t.equal(failurePolicyIn(cluster), 'Ignore')
  cluster.fault = () => {
    throw new Error('ECONNREFUSED')
  }
  await beforeShutdown()
  t.same(logLines, [
    'warn last replica stopping, switching failurePolicy to Ignore',
    'error switching failurePolicy to Ignore on shutdown failed, mesh changes can be denied until a replica is ready'
  ])
})
