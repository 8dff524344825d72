import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t from 'tap'
import { parseConfig } from '../../src/config.ts'
import {
  createCa,
  DAY_MS,
  issueServingCertificate,
  type KeyPair,
  type Validity,
  validityOf
} from '../../src/controller/certificate.ts'
import { type Controller, startController } from '../../src/controller/manager.ts'
import { NAME } from '../../src/controller/names.ts'
import type { Audit } from '../../src/controller/report-publisher.ts'
import { type RunningServer, serve } from '../../src/server/serve.ts'
import type { KindHealth, StateSource } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { DEFAULT_SETTINGS } from '../../src/state/settings.ts'
import { ofKeys, type TestClock, testClock } from '../support/clock.ts'
import {
  caBundleIn,
  failurePolicyIn,
  installedCluster,
  LEASE,
  NAMESPACE,
  REFUSAL,
  recordingLogger,
  SECRET
} from '../support/controller.ts'
import { evaluatorOf } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'
import { failure, type WritableCluster } from '../support/writable-cluster.ts'

const NOTHING: Audit = { findings: [], reports: async function* () {} }
type Test = Pick<typeof t, 'teardown'>
const HOST = `${NAME}.${NAMESPACE}.svc`

interface Replica {
  readonly controller: Controller
  readonly running: RunningServer
  readonly logLines: readonly string[]
}

async function startReplica(
  t: Test,
  cluster: WritableCluster,
  clock: TestClock,
  folder?: string,
  source: StateSource = staticSource(stockWith())
): Promise<Replica> {
  const { log, logLines } = recordingLogger()
  const { transport } = cluster
  const service = { name: NAME, port: 443 }
  const options = { transport, namespace: NAMESPACE, settings: DEFAULT_SETTINGS, service, folder, log, clock }
  const controller = await startController(options)
  const evaluator = { ...(await evaluatorOf(source)), health: source.health }
  const running = await serve({
    config: parseConfig('server: { port: 0, healthPort: 0 }', 'test'),
    evaluator,
    keyPair: controller.keyPair(),
    ownNamespace: NAMESPACE,
    controllerStatus: controller.status,
    logger: pino({ level: 'silent' })
  })
  controller.startReconciling(running.reload, { ...evaluator, audit: async () => NOTHING, reports: 'auto' })
  t.teardown(async () => {
    cluster.fault = () => {
      throw new Error('ECONNREFUSED')
    }
    await running.stop(0, controller.beforeShutdown)
  })
  return { controller, running, logLines }
}

async function ask({ webhook }: RunningServer, ca: string, agent: Agent | false): Promise<void> {
  const sent = request(`${webhook}/self-test`, { method: 'POST', ca, agent, servername: HOST })
  sent.end()
  const [response] = await once(sent, 'response')
  response.resume()
  await once(response, 'end')
  if (response.statusCode !== 400) throw new Error(`status ${response.statusCode}`)
}

/** Clients that trust the published CA bundle; some keep their connection, others open one per request. */
function startClients(replicas: readonly Replica[], cluster: WritableCluster) {
  const failures: string[] = []
  let over = false
  let asked = 0
  const client = async ({ running }: Replica, isKept: boolean) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!over) {
      const kept = isKept ? agent : false
      await ask(running, isKept ? first : caBundleIn(cluster), kept).catch(error => failures.push(String(error)))
      asked++
    }
    agent.destroy()
  }
  // An open connection keeps the CA bundle that it was opened with.
  const first = caBundleIn(cluster)
  const clients = replicas.flatMap(replica => [client(replica, true), client(replica, false), client(replica, false)])
  return async () => {
    over = true
    await Promise.all(clients)
    return { failures, asked }
  }
}

const NOW = Date.now()
const days = (from: number, until: number): Validity => ({
  notBeforeMs: NOW + from * DAY_MS,
  notAfterMs: NOW + until * DAY_MS
})

/** A cluster whose Secret already has a certificate. */
async function clusterWith(authorityLife: Validity, leafLife: Validity) {
  const cluster = installedCluster()
  cluster.refusal = () => REFUSAL
  const ca = await createCa('old', authorityLife)
  const serving = await issueServingCertificate(ca, [HOST], leafLife)
  const data = { 'ca.crt': ca.cert, 'ca.key': ca.key, 'tls.crt': serving.cert, 'tls.key': serving.key }
  const base64 = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  cluster.put(SECRET, { metadata: { name: NAME }, data: Object.fromEntries(base64) })
  return { cluster, ca, serving }
}

t.test('serving certificate is renewed under load without failed requests or handshakes', async t => {
  const { cluster, serving } = await clusterWith(validityOf(365, NOW), days(-70, 20))
  const clock = testClock(ofKeys)
  const replicas = [await startReplica(t, cluster, clock), await startReplica(t, cluster, clock)]
  await clock.pass(0)
  t.same(
    replicas.map(({ controller }) => controller.keyPair()),
    [serving, serving]
  )
  t.equal(replicas.filter(({ controller }) => controller.status().leader).length, 1)
  const finish = startClients(replicas, cluster)
  await clock.pass(30_000)
  const [one, other] = replicas.map(({ controller }) => controller.keyPair())
  t.not(one?.cert, serving.cert)
  t.same(one, other)
  await sleep(300)
  const { failures, asked } = await finish()
  t.same(failures, [])
  t.ok(asked > 20, `${asked} requests`)
  for (const { logLines } of replicas) t.ok(logLines.includes('info serving certificate changed'))
})

t.test('CA is rotated under load without failed requests or handshakes', async t => {
  const { cluster, ca, serving } = await clusterWith(days(-300, 65), days(-1, 60))
  const clock = testClock(ofKeys)
  const replicas = [await startReplica(t, cluster, clock), await startReplica(t, cluster, clock)]
  await clock.pass(0)
  const finish = startClients(replicas, cluster)
  await clock.pass(40_000)
  const both = caBundleIn(cluster)
  t.equal(both.match(/BEGIN/g)?.length, 2)
  t.ok(both.endsWith(ca.cert))
  t.same(
    replicas.map(({ controller }) => controller.keyPair()),
    [serving, serving]
  )
  await clock.pass(60_000)
  for (const { controller } of replicas) t.not(controller.keyPair().cert, serving.cert)
  t.equal(caBundleIn(cluster), both)
  clock.setDate(NOW + 1.1 * DAY_MS)
  await clock.pass(30_000)
  t.equal(caBundleIn(cluster), both.slice(0, both.length - ca.cert.length), 'old CA is dropped')
  await sleep(300)
  const { failures, asked } = await finish()
  t.same(failures, [])
  t.ok(asked > 20, `${asked} requests`)
})

t.test('two replicas that start with an empty Secret serve the same certificate', async t => {
  const cluster = installedCluster()
  const clock = testClock(ofKeys)
  const [a, b] = await Promise.all([startReplica(t, cluster, clock), startReplica(t, cluster, clock)])
  t.same(a.controller.keyPair(), b.controller.keyPair())
  await clock.pass(20_000)
  t.equal(failurePolicyIn(cluster), 'Ignore', 'no self-test has passed')
  await ask(a.running, caBundleIn(cluster), false)
  await ask(b.running, caBundleIn(cluster), false)
  const [leader, follower] = a.controller.status().leader ? [a, b] : [b, a]
  t.match(leader.controller.status(), {
    failurePolicy: 'Ignore',
    audit: { lastSuccessMs: Number, findings: [] },
    lines: [/^certificate: until /, 'webhook configurations: failurePolicy Ignore', /^audit: 0 findings at \d/]
  })
  t.match(follower.controller.status(), {
    failurePolicy: undefined,
    audit: undefined,
    lines: [/^certificate/, 'webhook configurations: managed by another replica']
  })
  await leader.controller.beforeShutdown()
  await clock.pass(10_000)
  t.ok(follower.controller.status().leader)
  t.equal(leader.controller.status().leader, false)
})

t.test('mounted certificate is registered with its CA', async t => {
  const cluster = installedCluster()
  cluster.refusal = () => REFUSAL
  const life = validityOf(30, Date.now())
  const ca = await createCa('mounted', life)
  const serving: KeyPair = await issueServingCertificate(ca, [HOST], life)
  const folder = t.testdir({ 'tls.crt': serving.cert, 'tls.key': serving.key, 'ca.crt': ca.cert })
  const clock = testClock(ofKeys)
  const { running, controller } = await startReplica(t, cluster, clock, folder)
  await clock.pass(0)
  t.equal(caBundleIn(cluster), ca.cert)
  t.equal(failurePolicyIn(cluster), 'Fail')
  await ask(running, caBundleIn(cluster), false)
  t.notOk(
    cluster.requests.some(one => one.endsWith(SECRET)),
    'Secret is not read'
  )
  cluster.refusal = undefined
  const left = controller.beforeShutdown()
  await clock.pass(10_000)
  await left
  t.equal(failurePolicyIn(cluster), 'Ignore')
})

t.test('failurePolicy stays Fail after a restart of the API server until the cache has synced', async t => {
  const cluster = installedCluster()
  cluster.refusal = () => REFUSAL
  const clock = testClock(ofKeys)
  const known = staticSource(stockWith())
  const seen = { health: 'synced' as KindHealth['health'] }
  const source = { ...known, health: () => known.health().map(one => ({ ...one, health: seen.health })) }
  await startReplica(t, cluster, clock, undefined, source)
  await clock.pass(1_000)
  t.equal(failurePolicyIn(cluster), 'Fail')
  seen.health = 'stale'
  cluster.refusal = undefined
  await clock.pass(60_000)
  t.equal(failurePolicyIn(cluster), 'Fail', 'while the cache is stale')
  seen.health = 'synced'
  await clock.pass(20_000)
  t.equal(failurePolicyIn(cluster), 'Fail', 'until the replica is an endpoint again')
  await clock.pass(20_000)
  t.equal(failurePolicyIn(cluster), 'Ignore', 'after the grace period')
})

t.test('startup waits for a certificate, and refresh errors keep the current one', async t => {
  const cluster = installedCluster()
  const clock = testClock(ofKeys)
  cluster.fault = () => failure(503, 'not yet')
  const starting = startReplica(t, cluster, clock)
  await clock.pass(10_000)
  cluster.fault = undefined
  await clock.pass(2_000)
  const { controller, logLines } = await starting
  t.equal(logLines[0], 'warn obtaining the serving certificate failed not yet')
  const served = controller.keyPair()
  await clock.pass(10_000)
  cluster.fault = (_method, path) => (path === LEASE ? undefined : failure(503, 'not now'))
  await clock.pass(60_000)
  t.same(controller.keyPair(), served)
  t.equal(logLines.filter(line => line.endsWith('not now')).length, 2, 'each error is logged once')
  t.equal(controller.status().leader, true)
})
