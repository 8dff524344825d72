/** The guard as the chart installs it: with the rights of its own roles, reached by its Service, registering itself. */
import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME, SELF_TEST_LABEL } from '../../src/controller/names.ts'
import type { PolicyRule } from '../../src/controller/rbac.ts'
import type { ReportApi } from '../../src/report/openreports.ts'
import type { Process } from './guard.ts'
import { type AuditEvent, install, NAMESPACE } from './installation.ts'
import { definitionOf, OPEN_REPORT, POLICY_REPORT, unclearModel } from './report-kinds.ts'
import { watching } from './watching.ts'

/** An authority with more than two thirds of its life behind it, and a leaf that is still good. */
const oldAuthority = await createCa('old', {
  notBeforeMs: Date.now() - 300 * DAY_MS,
  notAfterMs: Date.now() + 65 * DAY_MS
})
const oldLeaf = await issueServingCertificate(oldAuthority, [`${NAME}.${NAMESPACE}.svc`], {
  notBeforeMs: Date.now() - DAY_MS,
  notAfterMs: Date.now() + 64 * DAY_MS
})
const { kubectl, must, get, roles, service, startReplica, audited } = await install(t, oldAuthority, oldLeaf)

type Kind = 'mutatingwebhookconfiguration' | 'validatingwebhookconfiguration'
const configuration = (kind: Kind) => get(kind, NAME)
async function policies(): Promise<readonly string[]> {
  const found = [...((await configuration('validatingwebhookconfiguration')).webhooks ?? [])]
  found.push(...((await configuration('mutatingwebhookconfiguration')).webhooks ?? []))
  return found.map(({ name, failurePolicy }) => `${name} ${failurePolicy}`)
}
const isRegistered = async (policy: string) => (await policies()).includes(`validate.mesh-guard.io ${policy}`)
const { until, tryHarmless, isGuarded, applying, refusing } = watching(kubectl, line => t.comment(line))

/** What becomes of the report of a model as it changes and goes. */
async function reported(t: Pick<Test, 'match'>, { group, plural }: ReportApi): Promise<void> {
  const kind = `${plural}.${group}`
  const messages = async () => {
    const { code, out } = await kubectl([
      'get',
      kind,
      'mesh-guard-inferenceservice-unclear',
      '-n',
      'user1',
      '-o',
      'json'
    ])
    return code === 0 ? JSON.stringify(JSON.parse(out).results) : ''
  }
  for (const value of ['maybe', 'perhaps']) {
    await must(['apply', '-f', '-'], stringify(unclearModel(value)))
    await until(`a report of "${value}"`, async () =>
      (await messages()).includes(`Istio ignores the value \\"${value}\\"`)
    )
  }
  const { uid } = (await get('namespace', NAMESPACE)).metadata
  t.match(await get(kind, 'mesh-guard-inferenceservice-unclear', '-n', 'user1'), {
    metadata: { ownerReferences: [{ kind: 'Namespace', name: NAMESPACE, uid }] },
    scope: { kind: 'InferenceService', name: 'unclear' },
    summary: { fail: 0 }
  })
  await must(['delete', 'inferenceservice', 'unclear', '-n', 'user1'])
  await until('no report', async () => (await messages()) === '')
}

/** While something happens, what cuts nothing is let in, and what cuts is refused by the guard, each time. */
async function guards(t: Pick<Test, 'same' | 'ok'>, happens: () => Promise<unknown>): Promise<void> {
  const failed = await applying(async () => {
    const { byGuard, otherwise, slipped } = await refusing(happens)
    t.ok(byGuard > 0, 'something was refused')
    t.same([...otherwise, ...slipped], [])
  })
  t.same(failed, [])
}

const first = await startReplica()
let second: Process

await t.test('it registers itself, proves itself, and fails closed', async t => {
  await until('fail closed', () => isRegistered('Fail'))
  t.same(await policies(), [
    'validate.mesh-guard.io Fail',
    'core.validate.mesh-guard.io Ignore',
    'self-test.mesh-guard.io Ignore',
    'mutate.mesh-guard.io Fail'
  ])
  t.ok(await isGuarded())
  const namespace = await get('namespace', NAMESPACE)
  for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'] as const) {
    t.match((await configuration(kind)).metadata.ownerReferences, [{ kind: 'Namespace', uid: namespace.metadata.uid }])
  }
  t.equal(
    await must(['get', 'configmap', '-A', '-l', SELF_TEST_LABEL, '-o', 'name']),
    '',
    'nothing is left of the self-test'
  )
  const ready = await (await fetch(`${first.health}/readyz?verbose`)).text()
  t.match(ready, 'webhook configurations: failurePolicy Fail')
  t.match(await (await fetch(`${first.health}/metrics`)).text(), 'mesh_guard_fail_closed 1')
})

await t.test('what it finds is reported, in the older kind where there is no other', async t => {
  await reported(t, POLICY_REPORT)
  t.match(await (await fetch(`${first.health}/metrics`)).text(), /^mesh_guard_audit_last_success_timestamp_seconds \d/m)
  await must(['create', '-f', '-'], stringify(definitionOf(OPEN_REPORT)))
})

await t.test('of core kinds only what is read is asked about, and never our own namespace', async t => {
  const map = (namespace: string, name: string, labels = {}) =>
    kubectl(
      ['create', '--dry-run=server', '-f', '-'],
      stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } })
    )
  const asked = () => (first.logs().match(/"msg":"admission decision"/g) ?? []).length
  const before = asked()
  for (const [namespace, name] of [
    [NAMESPACE, 'istio'],
    ['kube-system', 'istio'],
    ['user1', 'istio'],
    ['kserve', 'other']
  ] as const) {
    t.match(await map(namespace, name), { code: 0 }, `${namespace}/${name}`)
  }
  t.equal(asked(), before)
  t.match(await map('istio-system', 'istio-canary'), { code: 0 })
  await until('a question', async () => asked() === before + 1)
  const test = await map(NAMESPACE, 'any', { 'mesh-guard.io/self-test': '' })
  t.match(test.err, 'admission webhook "self-test.mesh-guard.io" denied the request')
  t.match(await map('user1', 'any', { 'mesh-guard.io/self-test': '' }), { code: 0 })
})

await t.test('the authority rotates while kubectl applies in a loop, and nothing fails', async t => {
  const bundle = async () =>
    Buffer.from((await get('secret', NAME, '-n', NAMESPACE)).data['ca.crt'], 'base64').toString()
  const served = async () =>
    new X509Certificate(Buffer.from((await get('secret', NAME, '-n', NAMESPACE)).data['tls.crt'], 'base64'))
  const old = new X509Certificate(oldAuthority.cert).subject
  second = await startReplica()
  await guards(t, async () => {
    await until('a bundle of both', async () => (await bundle()).match(/BEGIN/g)?.length === 2)
    t.match(await bundle(), oldAuthority.cert.trim())
    t.equal((await served()).issuer, old, 'the leaf is still the old one')
    await until('a leaf of the new one', async () => (await served()).issuer !== old, 100)
    for (const { logs } of [first, second]) {
      await until('it is served', async () => logs().includes('serving certificate changed'))
    }
    await sleep(3_000)
  })
  t.ok(await isGuarded())
})

await t.test('what somebody changes is put right', async t => {
  const patch = (kind: Kind, value: unknown) => must(['patch', kind, NAME, '--type=json', '-p', JSON.stringify(value)])
  const isWhole = async () => (await policies()).length === 4 && (await isRegistered('Fail'))
  for (const [what, kind, value] of [
    [
      'a policy',
      'validatingwebhookconfiguration',
      { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }
    ],
    ['all', 'mutatingwebhookconfiguration', { op: 'remove', path: '/webhooks' }]
  ] as const) {
    await patch(kind, [value])
    await t.resolves(until(`${what} repaired`, isWhole))
  }
})

await t.test('what somebody adds is taken out', async t => {
  const conditions = async () => (await configuration('validatingwebhookconfiguration')).webhooks[0].matchConditions
  const before = await conditions()
  const value = { op: 'add', path: '/webhooks/0/matchConditions/-', value: { name: 'never', expression: 'false' } }
  await must(['patch', 'validatingwebhookconfiguration', NAME, '--type=json', '-p', JSON.stringify([value])])
  await until('a condition taken out', async () => isDeepStrictEqual(await conditions(), before))
  t.ok(await isGuarded())
})

const holder = async () => (await get('lease', NAME, '-n', NAMESPACE)).spec?.holderIdentity
await t.test('the leader stops while another replica serves: nothing opens, and nothing fails', async t => {
  const before = await holder()
  const opened: string[] = []
  await guards(t, async () => {
    const stopped = first.stop('SIGTERM').then(() => true)
    while (!(await Promise.race([stopped, sleep(200).then(() => false)]))) {
      if (!(await isRegistered('Fail'))) opened.push('while it stopped')
    }
  })
  t.same(opened, [])
  await until('another leader', async () => ![undefined, before].includes(await holder()))
  t.match(await (await fetch(`${second.health}/metrics`)).text(), 'mesh_guard_leader_election_master_status 1')
  t.ok(await isGuarded())
})

await t.test('the new leader reports in the newer kind, which has come meanwhile', async t => {
  await reported(t, OPEN_REPORT)
})

await t.test('it opens when nobody can be reached, and closes when somebody can', async t => {
  service.clear()
  await until('fail open', () => isRegistered('Ignore'))
  t.match(await tryHarmless(), { code: 0 })
  service.add(second)
  await until('fail closed', () => isRegistered('Fail'))
  t.ok(await isGuarded())
})

await t.test('the leader dies without goodbye: another takes over, and the guard never sleeps', async t => {
  const third = await startReplica()
  await until('readiness', async () => (await fetch(`${third.health}/readyz`)).status === 200)
  const before = await holder()
  const { byGuard, otherwise, slipped } = await refusing(async () => {
    await second.stop('SIGKILL')
    await until('a new leader', async () => (await holder()) !== before, 40)
  })
  t.ok(byGuard > 0)
  t.same(slipped, [], 'nothing got in')
  // Until it is seen that the dead one is not ready, a request may still be led to it.
  t.same(
    otherwise.filter(err => !err.includes('failed calling webhook')),
    []
  )
  t.ok(await isGuarded())
  t.ok(await isRegistered('Fail'))
  second = third
})

await t.test('the last replica stops: nobody waits for an answer that does not come', async t => {
  const failed = await applying(() => second.stop('SIGTERM'))
  t.same(failed, [])
  t.ok(await isRegistered('Ignore'))
  t.match(second.logs(), 'last replica stopping')
  t.match(await tryHarmless(), { code: 0 })
})

interface Role {
  readonly metadata: { readonly namespace?: string }
  readonly rules?: readonly PolicyRule[]
}

await t.test('it had the right to all it did, and did all that it has a right to', async t => {
  const events = audited()
  const isSelfTest = ({ requestURI }: AuditEvent) => requestURI.includes('/configmaps?dryRun=All')
  const forbidden = events.filter(event => event.responseStatus?.code === 403 && !isSelfTest(event))
  t.same(
    forbidden.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
    []
  )
  const grants = (roles as readonly Role[]).flatMap(({ metadata: { namespace }, rules = [] }) =>
    rules.flatMap(({ apiGroups: [group = ''], resources, verbs, resourceNames = [undefined] }) =>
      verbs.flatMap(verb =>
        resources.flatMap(resource => resourceNames.map(name => ({ verb, group, resource, name, namespace })))
      )
    )
  )
  const isUsed = ({ verb, group, resource, name, namespace }: (typeof grants)[number]) =>
    events.some(
      ({ verb: did, objectRef: on }) =>
        did === verb &&
        on !== undefined &&
        (on.apiGroup ?? '') === group &&
        on.resource === resource &&
        [undefined, on.name].includes(name) &&
        [undefined, on.namespace].includes(namespace)
    )
  t.same(
    grants.filter(grant => !isUsed(grant)),
    []
  )
  t.comment(`${grants.length} grants, ${events.length} requests`)
})
