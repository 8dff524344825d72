/** Changes stay denied while API server, etcd, token or guard fail and recover. */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { install, NAMESPACE } from './installation.ts'
import { createProbes, type Denials } from './watching.ts'

const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const ca = await createCa('survival', { ...validity, notAfterMs: Date.now() + 300 * DAY_MS })
const servingCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], validity)
const LATE = 'authorizationpolicies.security.istio.io'
const { kubectl, must, get, restart, token, define, startReplica } = await install(t, ca, servingCertificate, {
  without: LATE
})
const { until, whileDenied } = createProbes(kubectl, line => t.comment(line))
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
/** Asserts that the guard observes a new object. */
async function assertObserves(): Promise<void> {
  made++
  const metadata = { name: `made-${made}`, namespace: 'user1' }
  await must(
    ['apply', '-f', '-'],
    stringify({ apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata, spec: {} })
  )
  await until(
    'the new object to be in the cache',
    async () => (await lineOf('Sidecar'))?.includes(`: synced, ${made} objects`) === true
  )
}

/** Asserts that no denied change is admitted during a fault, and that the guard denies it before and after. */
async function assertStaysDenied(t: Test, action: () => Promise<unknown>): Promise<Denials> {
  const before = await whileDenied(() => sleep(1_000))
  const during = await whileDenied(action)
  const after = await whileDenied(() => sleep(1_000))
  for (const [when, { deniedByGuard, otherErrors }] of [
    ['before', before],
    ['after', after]
  ] as const) {
    t.ok(deniedByGuard > 0, `denied ${when}`)
    t.same(otherErrors, [], `only by the guard, ${when}`)
  }
  t.same(
    [before, during, after].flatMap(({ admitted }) => admitted),
    [],
    'nothing was admitted'
  )
  t.match(await kubectl(['get', 'peerauthentication', 'default', '-n', 'istio-system']), { code: 1, err: 'NotFound' })
  await t.resolves(assertObserves())
  return during
}

await t.test('CRD that is installed later is watched from then on', async t => {
  await until('fail closed', isClosed)
  await until('readiness', isReady)
  const policy = (name: string, spec: object) =>
    stringify({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name, namespace: 'user1' },
      spec
    })
  const [allowAll, allowNothing] = [policy('allow-all', { rules: [{}] }), policy('allow-nothing', {})]
  t.match(await lineOf('AuthorizationPolicy'), /: absent, 0 objects/)
  t.match(await kubectl(['apply', '-f', '-'], allowNothing), { code: 1, err: 'no matches for kind' })
  await assertStaysDenied(t, () => define(LATE))
  t.match((await kubectl(['apply', '-f', '-'], allowNothing)).err, 'denied the request: policy-denies-request-path')
  await must(['apply', '-f', '-'], allowAll)
  await until('the policy to be in the cache', async () =>
    /: synced, 1 objects/.test((await lineOf('AuthorizationPolicy')) ?? '')
  )
  await must(['apply', '-f', '-'], allowNothing)
  await until('both policies to be in the cache', async () =>
    /: synced, 2 objects/.test((await lineOf('AuthorizationPolicy')) ?? '')
  )
  const { err } = await kubectl(['delete', '-f', '-'], allowAll)
  t.match(err, 'denied the request: policy-denies-request-path', 'evaluated with the other policy')
  await must(['delete', '-f', '-'], allowNothing)
})

for (const [server, downMs] of [
  ['kube-apiserver', 3_000],
  // Requests wait for etcd before they fail.
  ['etcd', 15_000]
] as const) {
  await t.test(`${server} crashes and restarts`, async t => {
    const { otherErrors } = await assertStaysDenied(t, async () => {
      await restart(server, downMs)
      await until('readiness', isReady, 60)
    })
    t.ok(otherErrors.length > 0, 'some requests failed')
    t.ok(await isClosed())
  })
}

await t.test('token is revoked and replaced later', async t => {
  const { otherErrors } = await assertStaysDenied(t, async () => {
    await token.revoke()
    const revokedMs = Date.now()
    await until('the guard to get 401', async () => replica.logs().includes('401'))
    await token.replace()
    await until('the guard to renew its Lease', async () => (await renewedMs()) > revokedMs)
  })
  t.same(otherErrors, [], 'denied only by the guard')
  t.ok(await isClosed())
})

await t.test('guard crashes and restarts', async t => {
  const { otherErrors } = await assertStaysDenied(t, async () => {
    await replica.stop('SIGKILL')
    await sleep(2_000)
    replica = await startReplica()
    await until('readiness', isReady, 60)
  })
  t.ok(otherErrors.length > 0, 'some requests failed')
  t.same(
    otherErrors.filter(err => !err.includes('failed calling webhook')),
    []
  )
  t.ok(await isClosed())
})
