/** Helm upgrade and uninstall, with the guard running and after a crash. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import type { Process } from './guard.ts'
import { CHART, CURRENT, install, NAMESPACE } from './installation.ts'
import { olderRelease } from './release.ts'
import { createProbes } from './watching.ts'

const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const ca = await createCa('lifecycle', { ...validity, notAfterMs: Date.now() + 300 * DAY_MS })
const servingCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], validity)
const release = olderRelease(t)
const { kubectl, must, get, helm, startReplica } = await install(t, ca, servingCertificate, { release })
const { until, tryHarmless, whileGuarded } = createProbes(kubectl, line => t.comment(line))
const old = [await startReplica(), await startReplica()]

interface Webhook {
  readonly name: string
  readonly failurePolicy: string
  readonly matchConditions?: readonly { readonly name: string }[]
}
const webhooks = async (): Promise<readonly Webhook[]> =>
  (await get('validatingwebhookconfiguration', NAME)).webhooks ?? []
const isClosed = async () => (await webhooks()).some(({ failurePolicy }) => failurePolicy === 'Fail')

const replicas: Process[] = []
const isReady = async ({ health }: Process) => (await fetch(`${health}/readyz`)).status === 200
/** Like a Deployment with maxSurge 1 and maxUnavailable 0. */
async function replace(one: Process): Promise<void> {
  const next = await startReplica(CURRENT)
  await until('readiness', () => isReady(next))
  await one.stop('SIGTERM')
  replicas.push(next)
}

await t.test('upgrade from an older release fails no request and admits no denied change', async t => {
  await until('fail closed', isClosed)
  for (const one of old) await until('readiness', () => isReady(one))
  const opened: string[] = []
  const failed = await whileGuarded(async () => {
    await helm('upgrade', NAME, CHART, '--reset-then-reuse-values')
    for (const one of old) {
      await replace(one)
      if (!(await isClosed())) opened.push('after a replica')
    }
    await until('the new leader to update the webhook configurations', async () =>
      (await webhooks()).some(({ matchConditions = [] }) =>
        matchConditions.some(({ name }) => name === 'not-controller-owned')
      )
    )
  })
  t.same(failed, [])
  t.same(opened, [])
})

await t.test('upgrade of values keeps what the guard has written', async t => {
  const before = await webhooks()
  const upgrade = ['upgrade', NAME, CHART, '--reset-then-reuse-values'] as const
  const failed = await whileGuarded(async () => {
    await helm(...upgrade, '--set', 'replicas=3')
    t.same(await webhooks(), before)
    await helm(...upgrade, '--set', 'config.audit.reports=off')
    t.same(await webhooks(), before)
  })
  t.same(failed, [])
  for (const { logs } of replicas) {
    t.notMatch(logs(), 'webhook configurations overwritten', 'nothing was overwritten')
  }
})

await t.test('emergency stop is permanent until an upgrade', async t => {
  await must(['delete', 'validatingwebhookconfiguration,mutatingwebhookconfiguration', NAME])
  await until('the guard to log it', async () =>
    replicas.some(({ logs }) => logs().includes('reconciling the webhook configurations failed'))
  )
  // Longer than the self-test interval after a failure.
  await sleep(5_000)
  t.match(await tryHarmless(), { code: 0 })
  t.match(await kubectl(['get', 'validatingwebhookconfiguration', NAME]), { code: 1 })
})

await t.test('upgrade restores the webhook configurations', async t => {
  await helm('upgrade', NAME, CHART, '--reset-then-reuse-values')
  await t.resolves(until('fail closed', isClosed))
})

await t.test('crash of all replicas denies changes until helm uninstall', async t => {
  await Promise.all(replicas.map(({ stop }) => stop('SIGKILL')))
  t.match((await tryHarmless()).err, 'failed calling webhook "validate.mesh-guard.io"')
  await helm('uninstall', NAME)
  await t.resolves(until('changes to be admitted', async () => (await tryHarmless()).code === 0))
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
