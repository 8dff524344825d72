/** What Helm does to a guard that is at work, and to one that is not. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import type { Process } from './guard.ts'
import { CHART, install, NAMESPACE, PRESENT } from './installation.ts'
import { olderRelease } from './release.ts'
import { watching } from './watching.ts'

const life = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const authority = await createCa('lifecycle', { ...life, notAfterMs: Date.now() + 300 * DAY_MS })
const leaf = await issueServingCertificate(authority, [`${NAME}.${NAMESPACE}.svc`], life)
const release = olderRelease(t)
const { kubectl, must, get, helm, startReplica } = await install(t, authority, leaf, { release })
const { until, tryHarmless, guarding } = watching(kubectl, line => t.comment(line))
const old = [await startReplica(), await startReplica()]

interface Registered {
  readonly name: string
  readonly failurePolicy: string
  readonly matchConditions?: readonly { readonly name: string }[]
}
const webhooks = async (): Promise<readonly Registered[]> =>
  (await get('validatingwebhookconfiguration', NAME)).webhooks ?? []
const isClosed = async () => (await webhooks()).some(({ failurePolicy }) => failurePolicy === 'Fail')

const replicas: Process[] = []
const isReady = async ({ health }: Process) => (await fetch(`${health}/readyz`)).status === 200
/** As a Deployment does it with one pod more than wanted, and none less. */
async function replace(one: Process): Promise<void> {
  const next = await startReplica(PRESENT)
  await until('readiness', () => isReady(next))
  await one.stop('SIGTERM')
  replicas.push(next)
}

await t.test('an upgrade from an older release loses no request, and lets nothing pass', async t => {
  await until('fail closed', isClosed)
  for (const one of old) await until('readiness', () => isReady(one))
  const opened: string[] = []
  const failed = await guarding(async () => {
    await helm('upgrade', NAME, CHART, '--reset-then-reuse-values')
    for (const one of old) {
      await replace(one)
      if (!(await isClosed())) opened.push('after a replica')
    }
    await until('the new leader has registered what it asks for', async () =>
      (await webhooks()).some(({ matchConditions = [] }) =>
        matchConditions.some(({ name }) => name === 'not-controller-owned')
      )
    )
  })
  t.same(failed, [])
  t.same(opened, [])
})

await t.test('an upgrade of values alone leaves alone what the guard has written', async t => {
  const before = await webhooks()
  const upgrade = ['upgrade', NAME, CHART, '--reset-then-reuse-values'] as const
  const failed = await guarding(async () => {
    await helm(...upgrade, '--set', 'replicas=3')
    t.same(await webhooks(), before)
    await helm(...upgrade, '--set', 'config.audit.reports=off')
    t.same(await webhooks(), before)
  })
  t.same(failed, [])
  for (const { logs } of replicas) {
    t.notMatch(logs(), 'webhook configurations overwritten', 'there was nothing to repair')
  }
})

await t.test('after the emergency stop nobody asks, and the guard does not come back by itself', async t => {
  await must(['delete', 'validatingwebhookconfiguration,mutatingwebhookconfiguration', NAME])
  await until('the guard knows', async () =>
    replicas.some(({ logs }) => logs().includes('reconciling the webhook configurations failed'))
  )
  // Time for more than one of its rounds.
  await sleep(5_000)
  t.match(await tryHarmless(), { code: 0 })
  t.match(await kubectl(['get', 'validatingwebhookconfiguration', NAME]), { code: 1 })
})

await t.test('an upgrade brings it back', async t => {
  await helm('upgrade', NAME, CHART, '--reset-then-reuse-values')
  await t.resolves(until('fail closed', isClosed))
})

await t.test('it dies without goodbye: changes are refused, and Helm takes away what refuses them', async t => {
  await Promise.all(replicas.map(({ stop }) => stop('SIGKILL')))
  t.match((await tryHarmless()).err, 'failed calling webhook "validate.mesh-guard.io"')
  await helm('uninstall', NAME)
  await t.resolves(until('changes go through', async () => (await tryHarmless()).code === 0))
  for (const kind of ['validatingwebhookconfiguration', 'mutatingwebhookconfiguration', 'clusterrole']) {
    t.match(await kubectl(['get', kind, NAME]), { code: 1 }, kind)
  }
  t.equal(
    await must([
      'get',
      'secret,lease,configmap',
      '-n',
      NAMESPACE,
      '-o',
      'name',
      '-l',
      `app.kubernetes.io/name=${NAME}`
    ]),
    ''
  )
})
