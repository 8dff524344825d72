/** The guard as the chart installs it: with its roles, behind its Service, managing its webhook configurations. */
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
import { definitionOf, modelWithFinding, OPEN_REPORT, POLICY_REPORT } from './report-kinds.ts'
import { createProbes } from './watching.ts'

/** A CA that is due for renewal, and a valid serving certificate. */
const oldCa = await createCa('old', {
  notBeforeMs: Date.now() - 300 * DAY_MS,
  notAfterMs: Date.now() + 65 * DAY_MS
})
const oldCertificate = await issueServingCertificate(oldCa, [`${NAME}.${NAMESPACE}.svc`], {
  notBeforeMs: Date.now() - DAY_MS,
  notAfterMs: Date.now() + 64 * DAY_MS
})
const { kubectl, must, get, roles, service, startReplica, audited } = await install(t, oldCa, oldCertificate)

type Kind = 'mutatingwebhookconfiguration' | 'validatingwebhookconfiguration'
const configuration = (kind: Kind) => get(kind, NAME)
async function policies(): Promise<readonly string[]> {
  const found = [...((await configuration('validatingwebhookconfiguration')).webhooks ?? [])]
  found.push(...((await configuration('mutatingwebhookconfiguration')).webhooks ?? []))
  return found.map(({ name, failurePolicy }) => `${name} ${failurePolicy}`)
}
const isRegistered = async (policy: string) => (await policies()).includes(`validate.mesh-guard.io ${policy}`)
const { until, tryHarmless, isGuarded, whileApplying, whileDenied } = createProbes(kubectl, line => t.comment(line))

/** Asserts that the report of a model is created, updated and deleted. */
async function assertReported(t: Pick<Test, 'match'>, { group, plural }: ReportApi): Promise<void> {
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
    await must(['apply', '-f', '-'], stringify(modelWithFinding(value)))
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
  await until('no reports', async () => (await messages()) === '')
}

/** Asserts that during `action` harmless changes are admitted, and blocking changes are denied by the guard. */
async function assertGuarded(t: Pick<Test, 'same' | 'ok'>, action: () => Promise<unknown>): Promise<void> {
  const failed = await whileApplying(async () => {
    const { deniedByGuard, otherErrors, admitted } = await whileDenied(action)
    t.ok(deniedByGuard > 0, 'some changes were denied')
    t.same([...otherErrors, ...admitted], [])
  })
  t.same(failed, [])
}

const first = await startReplica()
let second: Process

await t.test('guard registers itself and fails closed after its self-test', async t => {
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
  t.equal(await must(['get', 'configmap', '-A', '-l', SELF_TEST_LABEL, '-o', 'name']), '', 'self-test leaves no object')
  const ready = await (await fetch(`${first.health}/readyz?verbose`)).text()
  t.match(ready, 'webhook configurations: failurePolicy Fail')
  t.match(await (await fetch(`${first.health}/metrics`)).text(), 'mesh_guard_fail_closed 1')
})

await t.test('findings are reported as PolicyReport without openreports.io', async t => {
  await assertReported(t, POLICY_REPORT)
  t.match(await (await fetch(`${first.health}/metrics`)).text(), /^mesh_guard_audit_last_success_timestamp_seconds \d/m)
  await must(['create', '-f', '-'], stringify(definitionOf(OPEN_REPORT)))
})

await t.test('core kinds are sent to the webhook only if they are relevant and in another namespace', async t => {
  const map = (namespace: string, name: string, labels = {}) =>
    kubectl(
      ['create', '--dry-run=server', '-f', '-'],
      stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } })
    )
  const countDecisions = () => (first.logs().match(/"msg":"admission decision"/g) ?? []).length
  const before = countDecisions()
  for (const [namespace, name] of [
    [NAMESPACE, 'istio'],
    ['kube-system', 'istio'],
    ['user1', 'istio-other'],
    ['kserve', 'other']
  ] as const) {
    t.match(await map(namespace, name), { code: 0 }, `${namespace}/${name}`)
  }
  t.equal(countDecisions(), before)
  t.match(await map('user1', 'inferenceservice-config'), { code: 0 })
  await until('a webhook call', async () => countDecisions() === before + 1)
  const test = await map(NAMESPACE, 'any', { 'mesh-guard.io/self-test': '' })
  t.match(test.err, 'admission webhook "self-test.mesh-guard.io" denied the request')
  t.match(await map('user1', 'any', { 'mesh-guard.io/self-test': '' }), { code: 0 })
})

await t.test('CA rotation fails no request', async t => {
  const bundle = async () =>
    Buffer.from((await get('secret', NAME, '-n', NAMESPACE)).data['ca.crt'], 'base64').toString()
  const served = async () =>
    new X509Certificate(Buffer.from((await get('secret', NAME, '-n', NAMESPACE)).data['tls.crt'], 'base64'))
  const old = new X509Certificate(oldCa.cert).subject
  second = await startReplica()
  await assertGuarded(t, async () => {
    await until('a CA bundle with both CAs', async () => (await bundle()).match(/BEGIN/g)?.length === 2)
    t.match(await bundle(), oldCa.cert.trim())
    t.equal((await served()).issuer, old, 'serving certificate is still of the old CA')
    await until('a serving certificate of the new CA', async () => (await served()).issuer !== old, 100)
    for (const { logs } of [first, second]) {
      await until('the new certificate to be served', async () => logs().includes('serving certificate changed'))
    }
    await sleep(3_000)
  })
  t.ok(await isGuarded())
})

await t.test('changes of another field manager are reverted', async t => {
  const patch = (kind: Kind, value: unknown) => must(['patch', kind, NAME, '--type=json', '-p', JSON.stringify(value)])
  const isWhole = async () => (await policies()).length === 4 && (await isRegistered('Fail'))
  for (const [what, kind, value] of [
    [
      'failurePolicy',
      'validatingwebhookconfiguration',
      { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }
    ],
    ['webhooks', 'mutatingwebhookconfiguration', { op: 'remove', path: '/webhooks' }]
  ] as const) {
    await patch(kind, [value])
    await t.resolves(until(`${what} repaired`, isWhole))
  }
})

await t.test('added match condition is removed', async t => {
  const conditions = async () => (await configuration('validatingwebhookconfiguration')).webhooks[0].matchConditions
  const before = await conditions()
  const value = { op: 'add', path: '/webhooks/0/matchConditions/-', value: { name: 'never', expression: 'false' } }
  await must(['patch', 'validatingwebhookconfiguration', NAME, '--type=json', '-p', JSON.stringify([value])])
  await until('the match condition to be removed', async () => isDeepStrictEqual(await conditions(), before))
  t.ok(await isGuarded())
})

const holder = async () => (await get('lease', NAME, '-n', NAMESPACE)).spec?.holderIdentity
await t.test('leader stops gracefully: failurePolicy stays Fail and no request fails', async t => {
  const before = await holder()
  const opened: string[] = []
  await assertGuarded(t, async () => {
    const stopped = first.stop('SIGTERM').then(() => true)
    while (!(await Promise.race([stopped, sleep(200).then(() => false)]))) {
      if (!(await isRegistered('Fail'))) opened.push('during shutdown')
    }
  })
  t.same(opened, [])
  await until('another leader', async () => ![undefined, before].includes(await holder()))
  t.match(await (await fetch(`${second.health}/metrics`)).text(), 'mesh_guard_leader_election_master_status 1')
  t.ok(await isGuarded())
})

await t.test('new leader writes openreports.io reports after the CRD was installed', async t => {
  await assertReported(t, OPEN_REPORT)
})

await t.test('failurePolicy is Ignore without endpoints, and Fail with endpoints', async t => {
  service.clear()
  await until('fail open', () => isRegistered('Ignore'))
  t.match(await tryHarmless(), { code: 0 })
  service.add(second)
  await until('fail closed', () => isRegistered('Fail'))
  t.ok(await isGuarded())
})

await t.test('leader crashes: another replica takes over and changes stay denied', async t => {
  const third = await startReplica()
  await until('readiness', async () => (await fetch(`${third.health}/readyz`)).status === 200)
  const before = await holder()
  const { deniedByGuard, otherErrors, admitted } = await whileDenied(async () => {
    await second.stop('SIGKILL')
    await until('a new leader', async () => (await holder()) !== before, 40)
  })
  t.ok(deniedByGuard > 0)
  t.same(admitted, [], 'nothing was admitted')
  // A request may be routed to the crashed replica until its endpoint is removed.
  t.same(
    otherErrors.filter(err => !err.includes('failed calling webhook')),
    []
  )
  t.ok(await isGuarded())
  t.ok(await isRegistered('Fail'))
  second = third
})

await t.test('last replica stops: failurePolicy is Ignore and no request fails', async t => {
  const failed = await whileApplying(() => second.stop('SIGTERM'))
  t.same(failed, [])
  t.ok(await isRegistered('Ignore'))
  t.match(second.logs(), 'last replica stopping')
  t.match(await tryHarmless(), { code: 0 })
})

interface Role {
  readonly metadata: { readonly namespace?: string }
  readonly rules?: readonly PolicyRule[]
}

await t.test('permissions are sufficient and all are used', async t => {
  const events = audited()
  const isSelfTest = ({ requestURI }: AuditEvent) => requestURI.includes('/configmaps?dryRun=All')
  const forbidden = events.filter(event => event.responseStatus?.code === 403 && !isSelfTest(event))
  t.same(
    forbidden.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
    []
  )
  const permissions = (roles as readonly Role[]).flatMap(({ metadata: { namespace }, rules = [] }) =>
    rules.flatMap(({ apiGroups: [group = ''], resources, verbs, resourceNames = [undefined] }) =>
      verbs.flatMap(verb =>
        resources.flatMap(resource => resourceNames.map(name => ({ verb, group, resource, name, namespace })))
      )
    )
  )
  /** Kinds that the cluster does not serve are listed, and not watched. */
  const unserved = events.flatMap(({ verb, requestURI, responseStatus }) =>
    verb === 'list' && responseStatus?.code === 404 ? `watch ${requestURI.replace(/\?.*/, '')}` : []
  )
  const isServed = ({ verb, group, resource }: (typeof permissions)[number]) =>
    !unserved.some(one => one.startsWith(`${verb} /apis/${group}/`) && one.endsWith(`/${resource}`))
  const isUsed = ({ verb, group, resource, name, namespace }: (typeof permissions)[number]) =>
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
    permissions.filter(permission => isServed(permission) && !isUsed(permission)),
    []
  )
  t.comment(`${permissions.length} permissions, ${events.length} requests`)
})
