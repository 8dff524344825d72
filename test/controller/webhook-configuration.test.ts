import t from 'tap'
import { FIELD_MANAGER } from '../../src/controller/api.ts'
import { createWebhookConfigurations } from '../../src/controller/webhook-configuration.ts'
import { testClock } from '../support/clock.ts'
import {
  apiClientFor,
  failurePolicyIn,
  installedCluster,
  MUTATING,
  recordingLogger,
  VALIDATING,
  webhookOptions,
  webhooksAt
} from '../support/controller.ts'
import { failure } from '../support/writable-cluster.ts'

function build() {
  const cluster = installedCluster()
  const clock = testClock()
  const { log, logLines } = recordingLogger()
  return { cluster, clock, logLines, configurations: createWebhookConfigurations(apiClientFor(cluster), log, clock) }
}

t.test('both configurations get webhooks, and an owner reference to the namespace', async t => {
  const { cluster, configurations } = build()
  t.equal(await configurations.failurePolicy(), 'Ignore', 'no webhooks')
  t.equal(await configurations.reconcile(webhookOptions()), 'updated')
  for (const path of [VALIDATING, MUTATING]) {
    t.match(cluster.get(path).metadata, {
      ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: 'mesh-guard', uid: 'u-1' }]
    })
  }
  t.equal(webhooksAt(cluster, VALIDATING).length, 3)
  t.equal(webhooksAt(cluster, MUTATING).length, 1)
  const writes = cluster.requests.filter(request => request.startsWith('PATCH'))
  t.equal(writes.length, 2)
  t.equal(await configurations.reconcile(webhookOptions()), 'unchanged')
  t.equal(cluster.requests.filter(request => request.startsWith('PATCH')).length, 2, 'no second write')
  t.equal(await configurations.reconcile(webhookOptions({ failurePolicy: 'Fail' })), 'updated')
  t.equal(failurePolicyIn(cluster), 'Fail')
  t.equal(await configurations.failurePolicy(), 'Fail')
})

t.test('changes of another field manager are reverted', async t => {
  const { cluster, configurations, logLines } = build()
  await configurations.reconcile(webhookOptions({ failurePolicy: 'Fail' }))
  const whole = webhooksAt(cluster, VALIDATING)
  const { metadata } = cluster.get(VALIDATING)
  const managedFields = [{ manager: FIELD_MANAGER }, { manager: 'kubectl-edit' }, {}]
  for (const [what, object] of [
    ['webhooks removed', { metadata: { ...metadata, managedFields } }],
    ['webhook added', { metadata, webhooks: [...whole, { name: 'other' }] }],
    ['owner reference removed', { metadata: { name: metadata.name }, webhooks: whole }]
  ] as const) {
    cluster.put(VALIDATING, object)
    t.equal(await configurations.reconcile(webhookOptions({ failurePolicy: 'Fail' })), 'updated', what)
    t.same(webhooksAt(cluster, VALIDATING), whole, what)
  }
  t.equal(logLines[0], 'info webhook configurations overwritten by another field manager, repaired kubectl-edit')
})

t.test('fields added to a webhook are removed', async t => {
  const { cluster, configurations } = build()
  await configurations.reconcile(webhookOptions())
  const whole = webhooksAt(cluster, MUTATING)
  const { metadata } = cluster.get(MUTATING)
  cluster.put(MUTATING, { metadata, webhooks: whole.map(one => ({ ...one, matchConditions: [{ name: 'never' }] })) })
  t.equal(await configurations.reconcile(webhookOptions()), 'updated')
  t.same(webhooksAt(cluster, MUTATING), whole)
})

t.test('repairs back off while another field manager keeps overwriting', async t => {
  const { cluster, configurations, clock, logLines } = build()
  const outcomes: string[] = []
  const strip = () => cluster.put(VALIDATING, { metadata: { name: 'a', managedFields: [{ manager: 'argo' }] } })
  await configurations.reconcile(webhookOptions())
  // Another field manager reverts each repair for two hours.
  for (let tick = 0; tick < 720; tick++) {
    strip()
    outcomes.push(await configurations.reconcile(webhookOptions()))
    await clock.pass(10_000)
  }
  const updated = outcomes.flatMap((outcome, tick) => (outcome === 'updated' ? [tick / 6] : []))
  t.same(
    updated.map(minutes => Math.round(minutes)),
    [0, 0, 0, 1, 3, 7, 15, 31, 63]
  )
  t.same(logLines, [
    'info webhook configurations overwritten by another field manager, repaired argo',
    'warn webhook configurations overwritten repeatedly by another field manager, backing off argo'
  ])
  t.equal(
    await configurations.reconcile(webhookOptions({ caBundle: 'new' })),
    'updated',
    'changed options are written at once'
  )
  await clock.pass(3 * 3_600_000)
  strip()
  t.equal(await configurations.reconcile(webhookOptions({ caBundle: 'new' })), 'updated')
  strip()
  t.equal(await configurations.reconcile(webhookOptions({ caBundle: 'new' })), 'updated', 'backoff is reset')
})

t.test('missing configuration is an error', async t => {
  const { cluster, configurations } = build()
  cluster.fault = (method, path) => (method === 'GET' && path === VALIDATING ? failure(404, 'not found') : undefined)
  await t.rejects(configurations.reconcile(webhookOptions()), {
    name: 'ApiStatusError',
    status: 404,
    message: 'not found'
  })
})
