/** What refuses a change goes on refusing it, whatever it stands on is taken away, and comes back. */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { install, NAMESPACE } from './installation.ts'
import { type Refusals, watching } from './watching.ts'

const life = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const authority = await createCa('survival', { ...life, notAfterMs: Date.now() + 300 * DAY_MS })
const leaf = await issueServingCertificate(authority, [`${NAME}.${NAMESPACE}.svc`], life)
const LATE = 'authorizationpolicies.security.istio.io'
const { kubectl, must, get, restart, token, define, startReplica } = await install(t, authority, leaf, {
  without: LATE
})
const { until, refusing } = watching(kubectl, line => t.comment(line))
let replica = await startReplica()

const isClosed = async () => {
  const { webhooks = [] } = await get('validatingwebhookconfiguration', NAME)
  return webhooks.some((one: { readonly failurePolicy: string }) => one.failurePolicy === 'Fail')
}
const lineOf = async (kind: string) => {
  const text = await (await fetch(`${replica.health}/readyz?verbose`)).text()
  return text.split('\n').find(line => line.startsWith(kind))
}
const isReady = async () => (await fetch(`${replica.health}/readyz`)).status === 200
const renewedMs = async () => Date.parse((await get('lease', NAME, '-n', NAMESPACE)).spec.renewTime)

let made = 0
/** What comes to be is known to the guard. */
async function follows(): Promise<void> {
  made++
  const metadata = { name: `made-${made}`, namespace: 'user1' }
  await must(
    ['apply', '-f', '-'],
    stringify({ apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata, spec: {} })
  )
  await until(
    'what is new is known',
    async () => (await lineOf('Sidecar'))?.includes(`: synced, ${made} objects`) === true
  )
}

/** Nothing got in meanwhile, before and after it was the guard that refused, and it still knows what is new. */
async function holds(t: Test, happens: () => Promise<unknown>): Promise<Refusals> {
  const before = await refusing(() => sleep(1_000))
  const during = await refusing(happens)
  const after = await refusing(() => sleep(1_000))
  for (const [when, { byGuard, otherwise }] of [
    ['before', before],
    ['after', after]
  ] as const) {
    t.ok(byGuard > 0, `refused ${when}`)
    t.same(otherwise, [], `by the guard, ${when}`)
  }
  t.same(
    [before, during, after].flatMap(({ slipped }) => slipped),
    [],
    'nothing got in'
  )
  t.match(await kubectl(['get', 'peerauthentication', 'default', '-n', 'istio-system']), { code: 1, err: 'NotFound' })
  await t.resolves(follows())
  return during
}

await t.test('a kind that comes later is none before, and judged from then on', async t => {
  await until('fail closed', isClosed)
  await until('readiness', isReady)
  const policy = (name: string, spec: object) =>
    stringify({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name, namespace: 'user1' },
      spec
    })
  const [everybody, nobody] = [policy('everybody', { rules: [{}] }), policy('nobody', {})]
  t.match(await lineOf('AuthorizationPolicy'), /: absent, 0 objects/)
  t.match(await kubectl(['apply', '-f', '-'], nobody), { code: 1, err: 'no matches for kind' })
  await holds(t, () => define(LATE))
  t.match((await kubectl(['apply', '-f', '-'], nobody)).err, 'denied the request: policy-denies-request-path')
  await must(['apply', '-f', '-'], everybody)
  await until('it is known', async () => /: synced, 1 objects/.test((await lineOf('AuthorizationPolicy')) ?? ''))
  await must(['apply', '-f', '-'], nobody)
  await until('both are known', async () => /: synced, 2 objects/.test((await lineOf('AuthorizationPolicy')) ?? ''))
  const { err } = await kubectl(['delete', '-f', '-'], everybody)
  t.match(err, 'denied the request: policy-denies-request-path', 'by what is known of the other')
  await must(['delete', '-f', '-'], nobody)
})

for (const [server, downMs] of [
  ['kube-apiserver', 3_000],
  // Requests wait for it for a while before they fail.
  ['etcd', 15_000]
] as const) {
  await t.test(`${server} dies, and is started again`, async t => {
    const { otherwise } = await holds(t, async () => {
      await restart(server, downMs)
      await until('readiness', isReady, 60)
    })
    t.ok(otherwise.length > 0, 'it was felt')
    t.ok(await isClosed())
  })
}

await t.test('the token is revoked, and another one lies in its place some time later', async t => {
  const { otherwise } = await holds(t, async () => {
    await token.revoke()
    const revokedMs = Date.now()
    await until('the guard is locked out', async () => replica.logs().includes('401'))
    await token.replace()
    await until('it writes again', async () => (await renewedMs()) > revokedMs)
  })
  t.same(otherwise, [], 'refused by the guard all the time')
  t.ok(await isClosed())
})

await t.test('the guard dies without goodbye, and is started again', async t => {
  const { otherwise } = await holds(t, async () => {
    await replica.stop('SIGKILL')
    await sleep(2_000)
    replica = await startReplica()
    await until('readiness', isReady, 60)
  })
  t.ok(otherwise.length > 0, 'it was felt')
  t.same(
    otherwise.filter(err => !err.includes('failed calling webhook')),
    []
  )
  t.ok(await isClosed())
})
