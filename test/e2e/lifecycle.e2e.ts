/** What Helm does to a guard that is at work, and to one that is not. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { DAY_MS, makeAuthority, makeLeaf } from '../../src/keeper/certificate.ts'
import { NAME } from '../../src/keeper/names.ts'
import { CHART, install, NAMESPACE } from './installation.ts'
import { watching } from './watching.ts'

const life = { fromMs: Date.now() - DAY_MS, untilMs: Date.now() + 60 * DAY_MS }
const authority = await makeAuthority('lifecycle', { ...life, untilMs: Date.now() + 300 * DAY_MS })
const leaf = await makeLeaf(authority, [`${NAME}.${NAMESPACE}.svc`], life)
const { kubectl, must, get, helm, startReplica } = await install(t, authority, leaf)
const { until, tryHarmless, applying } = watching(kubectl, line => t.comment(line))
const replica = await startReplica()

interface Registered {
  readonly name: string
  readonly failurePolicy: string
}
const webhooks = async (): Promise<readonly Registered[]> =>
  (await get('validatingwebhookconfiguration', NAME)).webhooks ?? []
const isClosed = async () => (await webhooks()).some(({ failurePolicy }) => failurePolicy === 'Fail')

await t.test('an upgrade while kubectl applies in a loop opens nothing, and nothing fails', async t => {
  await until('fail closed', isClosed)
  const before = await webhooks()
  const upgrade = ['upgrade', NAME, CHART, '--reset-then-reuse-values'] as const
  const failed = await applying(async () => {
    await helm(...upgrade, '--set', 'replicas=3')
    t.same(await webhooks(), before)
    await helm(...upgrade, '--set', 'config.rules.strict-mesh-plain-local-gateway=warn')
    t.same(await webhooks(), before)
  })
  t.same(failed, [])
  t.notMatch(replica.logs(), 'webhook configurations were changed', 'there was nothing to repair')
})

await t.test('after the emergency stop nobody asks, and the guard does not come back by itself', async t => {
  await must(['delete', 'validatingwebhookconfiguration,mutatingwebhookconfiguration', NAME])
  await until('the guard knows', async () => replica.logs().includes('the webhook cannot be registered'))
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
  await replica.stop('SIGKILL')
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
