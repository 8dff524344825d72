import t from 'tap'
import { type AuditOptions, type Auditor, createAuditor } from '../../src/controller/auditor.ts'
import { PATHS } from '../../src/controller/names.ts'
import type { Audit } from '../../src/controller/report-publisher.ts'
import { decide, decideState } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { REPORT_APIS, type ReportApi, toReports } from '../../src/report/openreports.ts'
import { RULES } from '../../src/rules/index.ts'
import type { KindHealth } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { getOrAdd } from '../../src/state/map.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { type TestClock, testClock } from '../support/clock.ts'
import { apiClientFor, NAMESPACE, recordingLogger } from '../support/controller.ts'
import { clientRule, gateway, model } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { failure, type WritableCluster, writableCluster } from '../support/writable-cluster.ts'

const [OPEN, POLICY] = REPORT_APIS as [ReportApi, ReportApi]
const collection = ({ group, version, plural }: ReportApi) => `/apis/${group}/${version}/${plural}`
const pathOf = (namespace: string, name: string, { group, version, plural }: ReportApi = OPEN) =>
  `/apis/${group}/${version}/namespaces/${namespace}/${plural}/${name}`
const modelReport = (name: string) => pathOf('user1', `mesh-guard-inferenceservice-${name}`)
const OWNER = { apiVersion: 'v1', kind: 'Namespace', name: NAMESPACE, uid: 'u-1' }

/** A mesh-wide DestinationRule that blocks all models, and one that targets no model. */
const CUT = clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }')
const NO_MODE = clientRule('other.example.com', '{ tls: {} }', 'user2')
const HEALTHY = stockWith()
const BROKEN = stockWith(CUT)

/** A cluster that serves these report APIs. */
function clusterWith(...apis: readonly ReportApi[]): WritableCluster {
  const cluster = writableCluster()
  for (const api of apis) cluster.collections.add(collection(api))
  cluster.put(PATHS.namespace(NAMESPACE), { metadata: { name: NAMESPACE, uid: OWNER.uid } })
  return cluster
}

interface AuditRun {
  readonly auditor: Auditor
  readonly clock: TestClock
  readonly logLines: readonly string[]
  /** Current state; assignable. */
  state: Snapshot
  health: KindHealth['health']
  evaluate: () => Audit | undefined
  readonly stop: () => Promise<void>
}

function evaluated(state: Snapshot): Audit {
  const result = decideState(state, RULES, DEFAULT_POLICY)
  return {
    findings: result.findings.map(({ rule, mode }) => ({ rule, mode, count: 1 })),
    reports: async function* (api, ownNamespace) {
      for (const report of toReports(result, state, api, ownNamespace)) yield [report]
    }
  }
}

/** An auditor that is running. */
function audit(
  test: Pick<typeof t, 'teardown'>,
  cluster: WritableCluster,
  state: Snapshot,
  { reports = 'auto', health = 'synced' }: Partial<Pick<AuditOptions, 'reports'> & Pick<KindHealth, 'health'>> = {}
): AuditRun {
  const { log, logLines } = recordingLogger()
  const clock = testClock()
  const term = new AbortController()
  const { health: known } = staticSource(state)
  const versions = new Map<Snapshot, string>()
  const auditor = createAuditor({
    health: () => known().map(one => ({ ...one, health: audited.health })),
    version: () => getOrAdd(versions, audited.state, () => String(versions.size)),
    audit: async () => audited.evaluate(),
    reports,
    api: apiClientFor(cluster),
    ownNamespace: NAMESPACE,
    log,
    clock
  })
  const stop = async () => {
    term.abort()
    await keeping
  }
  const evaluate = () => evaluated(audited.state)
  const audited: AuditRun = { auditor, clock, logLines, state, health, evaluate, stop }
  const keeping = auditor.run(term.signal)
  test.teardown(stop)
  return audited
}

/** Write requests, oldest first. */
const writesTo = (cluster: WritableCluster) => cluster.requests.filter(one => !one.startsWith('GET'))

t.test('first audit writes reports, and later audits without changes write none', async t => {
  const cluster = clusterWith(OPEN, POLICY)
  const { auditor, clock, logLines } = audit(t, cluster, stockWith([CUT, NO_MODE].join('---\n')))
  await clock.pass(1_000)
  t.same(writesTo(cluster), [
    ...Array(2).fill('POST /apis/openreports.io/v1alpha1/namespaces/user1/reports'),
    'POST /apis/openreports.io/v1alpha1/namespaces/user2/reports'
  ])
  t.match(cluster.get(modelReport('sklearn-iris')), {
    apiVersion: 'openreports.io/v1alpha1',
    kind: 'Report',
    metadata: {
      labels: { 'app.kubernetes.io/managed-by': 'kserve-mesh-guard' },
      ownerReferences: [OWNER]
    },
    results: [{ policy: 'client-mtls-to-plain-listener', result: 'fail', properties: { mode: 'deny' } }]
  })
  t.match(cluster.get(pathOf('user2', 'mesh-guard')), {
    metadata: { ownerReferences: [OWNER] },
    results: [{ policy: 'destinationrule-tls-without-mode', result: 'warn' }]
  })
  t.match(auditor.status(), { lastSuccessMs: Number, findings: [{ mode: 'deny' }, { mode: 'warn' }] })
  t.same(logLines, ['info audit updated reports'])
  const path = pathOf('user2', 'mesh-guard')
  const { scope: _, ...rest } = cluster.get(path)
  cluster.put(path, rest)
  await clock.pass(2 * 600_000)
  t.equal(writesTo(cluster).length, 3, 'no update after the server dropped an unknown field')
  t.equal(
    cluster.requests.filter(one => one === `GET ${collection(OPEN)}`).length,
    3,
    'existing reports are listed every ten minutes'
  )
})

t.test('changes are debounced, for at most a minute', async t => {
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, HEALTHY)
  const { clock } = audited
  await clock.pass(1_000)
  t.same(writesTo(cluster), [], 'no findings')
  audited.state = BROKEN
  await clock.pass(4_000)
  t.same(writesTo(cluster), [])
  await clock.pass(3_000)
  t.equal(writesTo(cluster).length, 2)

  for (let second = 0; second < 58; second += 2) {
    audited.state = stockWith([CUT, model(`, labels: { second: "${second}" }`)].join('---\n'))
    await clock.pass(2_000)
  }
  t.equal(writesTo(cluster).length, 2, 'changes continue')
  audited.state = stockWith([CUT, model('')].join('---\n'))
  await clock.pass(4_000)
  t.same(writesTo(cluster).slice(2), ['POST /apis/openreports.io/v1alpha1/namespaces/user1/reports'])
})

t.test('changed findings update their report, and resolved findings delete it', async t => {
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, BROKEN)
  await audited.clock.pass(1_000)
  const path = modelReport('sklearn-iris')
  audited.state = stockWith(clientRule('*.local', '{ tls: { mode: MUTUAL, clientCertificate: /c, privateKey: /k } }'))
  await audited.clock.pass(10_000)
  t.same(writesTo(cluster).slice(2), [`PATCH ${path}`, `PATCH ${modelReport('sklearn-iris-burst')}`])
  t.match(cluster.get(path), { metadata: { ownerReferences: [OWNER] } }, 'owner reference is kept')
  cluster.put(pathOf('user1', 'of-another-manager'), { metadata: { namespace: 'user1', name: 'of-another-manager' } })
  audited.state = HEALTHY
  await audited.clock.pass(10_000)
  t.same(writesTo(cluster).slice(4), [`DELETE ${path}`, `DELETE ${modelReport('sklearn-iris-burst')}`])
  await audited.clock.pass(600_000)
  t.equal(writesTo(cluster).length, 6)
  t.ok(cluster.get(pathOf('user1', 'of-another-manager')), 'reports of other tools are kept')
})

t.test('new leader continues from the existing reports, listed in pages', async t => {
  const cluster = clusterWith(OPEN)
  const labels = { 'app.kubernetes.io/managed-by': 'kserve-mesh-guard' }
  for (let index = 0; index < 120; index++) {
    cluster.put(pathOf('old', `mesh-guard-${index}`), {
      metadata: { namespace: 'old', name: `mesh-guard-${index}`, labels }
    })
  }
  const first = audit(t, cluster, BROKEN)
  await first.clock.pass(20_000)
  await first.stop()
  t.equal(first.auditor.status(), undefined, 'status is undefined on other replicas')
  t.equal(cluster.requests.filter(one => one === `GET ${collection(OPEN)}`).length, 3)
  t.equal(writesTo(cluster).length, 122)
  const second = audit(t, cluster, BROKEN)
  await second.clock.pass(20_000)
  t.equal(writesTo(cluster).length, 122)
})

t.test('PolicyReport is used without openreports.io, and none without both', async t => {
  const older = clusterWith(POLICY)
  await audit(t, older, BROKEN).clock.pass(1_000)
  t.match(older.get(pathOf('user1', 'mesh-guard-inferenceservice-sklearn-iris', POLICY)), {
    apiVersion: 'wgpolicyk8s.io/v1alpha2',
    kind: 'PolicyReport'
  })
  const without = clusterWith()
  const audited = audit(t, without, BROKEN)
  await audited.clock.pass(1_000)
  t.same(writesTo(without), [])
  t.match(audited.auditor.status(), { lastSuccessMs: Number, findings: [{ mode: 'deny' }] })
  t.same(audited.logLines, [])
  without.collections.add(collection(OPEN))
  await audited.clock.pass(600_000)
  t.equal(writesTo(without).length, 2, 'a report API that is installed later is used')
})

t.test('audit.reports: off writes no reports', async t => {
  const cluster = clusterWith(OPEN)
  const { auditor, clock } = audit(t, cluster, BROKEN, { reports: 'off' })
  await clock.pass(1_000)
  t.same(cluster.requests, [])
  t.match(auditor.status(), { lastSuccessMs: Number, findings: [{ mode: 'deny' }] })
})

t.test('writes are limited to ten per second, and stop with leadership', async t => {
  const models = Array.from({ length: 40 }, (_, index) => model('').replace('name: new', `name: many-${index}`))
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, stockWith([CUT, ...models].join('---\n')))
  const counts: number[] = []
  for (let second = 0; second < 3; second++) {
    await audited.clock.pass(1_000)
    counts.push(writesTo(cluster).length)
  }
  t.ok(
    counts.every((count, second) => count <= 10 * (second + 1) + 1 && count >= 10 * (second + 1) - 1),
    counts.join()
  )
  t.equal(audited.auditor.status()?.lastSuccessMs, undefined, 'audit in progress')
  await audited.stop()
  const written = writesTo(cluster).length
  await audited.clock.pass(10_000)
  t.equal(writesTo(cluster).length, written)
  t.ok(written < 42)
})

t.test('conflict with another writer: reports are listed and written again', async t => {
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, BROKEN)
  await audited.clock.pass(1_000)
  const path = modelReport('sklearn-iris')
  const { metadata, ...rest } = cluster.get(path)
  cluster.put(path, { ...rest, metadata: { ...metadata, annotations: {} } })
  audited.state = HEALTHY
  await audited.clock.pass(10_000)
  t.ok(cluster.get(path), 'changed report is not deleted')
  t.match(
    audited.logLines.at(-1),
    /1 of 2 reports not written: user1\/mesh-guard-inferenceservice-sklearn-iris: it has been/
  )
  await audited.clock.pass(60_000)
  t.throws(() => cluster.get(path))
})

t.test('two concurrent leaders create each report once', async t => {
  const cluster = clusterWith(OPEN)
  const replicas = [audit(t, cluster, BROKEN), audit(t, cluster, BROKEN)]
  for (const { clock } of replicas) await clock.pass(0)
  for (const { clock } of replicas) await clock.pass(70_000)
  t.match(cluster.get(modelReport('sklearn-iris')), { results: [{}] })
  t.match(replicas.flatMap(({ logLines }) => logLines).join(), /of 2 reports not written: [^ ]+: it exists already/)
  for (const { auditor } of replicas) t.match(auditor.status(), { lastSuccessMs: Number })
})

t.test('rejected report does not affect others, server error aborts the audit', async t => {
  const cluster = clusterWith(OPEN)
  let refusals = 1
  cluster.fault = method => (method === 'POST' && refusals-- > 0 ? failure(403, 'the namespace is ending') : undefined)
  const audited = audit(t, cluster, BROKEN)
  await audited.clock.pass(1_000)
  t.throws(() => cluster.get(modelReport('sklearn-iris')))
  t.ok(cluster.get(modelReport('sklearn-iris-burst')))
  t.equal(audited.auditor.status()?.lastSuccessMs, undefined)
  await audited.clock.pass(60_000)
  t.ok(cluster.get(modelReport('sklearn-iris')), 'retried after a minute')

  for (const fault of [() => failure(500, 'etcd is away'), () => failure(429, 'slowly')]) {
    const other = clusterWith(OPEN)
    other.fault = method => (method === 'POST' ? fault() : undefined)
    await audit(t, other, BROKEN).clock.pass(10_000)
    t.equal(writesTo(other).length, 1)
  }
  const unknown = clusterWith(OPEN)
  unknown.fault = () => failure(403, 'forbidden')
  const forbidden = audit(t, unknown, BROKEN)
  await forbidden.clock.pass(1_000)
  t.same(forbidden.logLines, ['warn audit failed forbidden'])
  t.match(forbidden.auditor.status(), { lastSuccessMs: undefined, findings: [{ mode: 'deny' }] })
})

t.test('deleting a report that is already gone succeeds', async t => {
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, BROKEN)
  await audited.clock.pass(1_000)
  cluster.fault = method => (method === 'DELETE' ? failure(404, '') : undefined)
  audited.state = HEALTHY
  await audited.clock.pass(10_000)
  t.same(audited.logLines, Array(2).fill('info audit updated reports'))
})

t.test('no audit while the cache is not synced', async t => {
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, BROKEN, { health: 'starting' })
  await audited.clock.pass(700_000)
  t.same(cluster.requests, [])
  t.equal(audited.auditor.status(), undefined)
  audited.health = 'synced'
  await audited.clock.pass(5_000)
  t.equal(writesTo(cluster).length, 2)
  audited.state = HEALTHY
  audited.health = 'stale'
  await audited.clock.pass(700_000)
  t.equal(writesTo(cluster).length, 2, 'reports are kept')
  audited.health = 'forbidden'
  await audited.clock.pass(10_000)
  t.throws(() => cluster.get(modelReport('sklearn-iris')))
})

t.test('audit without a result is retried soon', async t => {
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, BROKEN, { health: 'starting' })
  const { evaluate } = audited
  audited.evaluate = () => undefined
  audited.health = 'synced'
  await audited.clock.pass(10_000)
  t.same(cluster.requests, [])
  t.equal(audited.auditor.status(), undefined)
  audited.evaluate = evaluate
  await audited.clock.pass(2_000)
  t.equal(writesTo(cluster).length, 2)
})

t.test('result is not published after leadership ended', async t => {
  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, BROKEN, { health: 'starting' })
  const { evaluate } = audited
  audited.evaluate = () => {
    void audited.stop()
    return evaluate()
  }
  audited.health = 'synced'
  await audited.clock.pass(10_000)
  t.same(cluster.requests, [])
})

t.test('audit reports the combined effect of two concurrently admitted changes', async t => {
  const plain = 'hosts: ["*"], port: { name: http, number: 8081, protocol: HTTP }'
  const mutual =
    'hosts: ["*.svc.cluster.local"], port: { name: https, number: 8081, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL }'
  const both = gateway('knative-local-gateway', `{ ${mutual} }, { ${plain} }`)
  const start = stockWith(both)
  const enableMtls: Change = { operation: 'CREATE', after: resourceOf(CUT) }
  const plaintextOnly: Change = {
    operation: 'UPDATE',
    before: resourceOf(both),
    after: resourceOf(gateway('knative-local-gateway', `{ ${plain} }`))
  }
  for (const change of [enableMtls, plaintextOnly]) {
    t.not(decide(start, change, RULES, DEFAULT_POLICY).decision, 'deny', 'each change blocks nothing on its own')
  }
  t.equal(decide(start.apply(enableMtls), plaintextOnly, RULES, DEFAULT_POLICY).decision, 'deny')

  const cluster = clusterWith(OPEN)
  const audited = audit(t, cluster, start)
  await audited.clock.pass(1_000)
  t.throws(() => cluster.get(modelReport('sklearn-iris')))
  audited.state = start.apply(enableMtls).apply(plaintextOnly)
  await audited.clock.pass(10_000)
  t.match(cluster.get(modelReport('sklearn-iris')), {
    summary: { fail: 1 },
    results: [
      {
        policy: 'client-mtls-to-plain-listener',
        result: 'fail',
        properties: { effect: /^blocks user1\/sklearn-iris for / }
      }
    ]
  })
})
