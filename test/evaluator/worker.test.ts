/** Evaluation in a worker thread, as in production. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import t from 'tap'
import type { WrittenPolicy } from '../../src/engine/to-findings.ts'
import { nowMs } from '../../src/evaluator/clock.ts'
import { Dispatcher } from '../../src/evaluator/dispatcher.ts'
import type { FromEvaluation } from '../../src/evaluator/messages.ts'
import { runWorker } from '../../src/evaluator/run-worker.ts'
import { startInWorker } from '../../src/evaluator/worker-thread.ts'
import { REPORT_APIS, type ReportApi, type WantedReport } from '../../src/report/openreports.ts'
import { readFiles } from '../../src/sources/files.ts'
import { isSynced } from '../../src/sources/source.ts'
import { DEFAULT_SETTINGS } from '../../src/state/settings.ts'
import { startApiServer } from '../support/api-server.ts'
import { pathOf, serveAll } from '../support/cluster.ts'
import { recordingLogger } from '../support/controller.ts'
import { WRITTEN_POLICY } from '../support/evaluator.ts'
import { kubeconfig } from '../support/kubeconfig.ts'
import { waitUntil } from '../support/wait-until.ts'

const examples = join(import.meta.dirname, '../../examples')
const ENTRY = new URL('../../src/evaluation-worker.ts', import.meta.url)
const REVIEW = readFileSync(join(examples, 'review.json'))
const [API] = REPORT_APIS as [ReportApi]
const RULE = 'strict-mesh-plain-local-gateway'

t.test('the worker thread evaluates files', async t => {
  const resources = readFiles([join(examples, 'cluster'), join(examples, 'strict-mesh.yaml')]).flatMap(
    ({ resource }) => resource ?? []
  )
  let policy: WrittenPolicy = WRITTEN_POLICY
  const { log, logLines } = recordingLogger()
  const data = { origin: { from: 'files', resources }, settings: DEFAULT_SETTINGS, ownNamespace: undefined } as const
  const evaluator = new Dispatcher({ start: startInWorker(ENTRY, data), policy: () => policy, log })
  await evaluator.ready
  const audit = async () => {
    const result = await evaluator.audit()
    const reports: WantedReport[] = []
    for await (const page of result?.reports(API, 'guard') ?? []) reports.push(...page)
    return { findings: result?.findings, reports: reports.map(({ namespace, name }) => `${namespace}/${name}`) }
  }
  t.same(await audit(), {
    findings: [{ rule: RULE, mode: 'deny', count: 1 }],
    reports: ['istio-system/mesh-guard']
  })
  policy = { ...policy, rules: { [RULE]: 'off' } }
  t.same(await audit(), { findings: [], reports: [] })
  t.equal(evaluator.health().every(isSynced), true)
  const options = { flow: '', arrivedMs: nowMs(), budgetMs: 60_000 }
  const outcomes = await Promise.all(
    (['validate', 'mutate'] as const).map(webhook => evaluator.review(webhook, REVIEW, options))
  )
  t.match(outcomes, [
    { response: /"allowed":true/, record: { event: 'admission decision' } },
    { response: /"allowed":true/ }
  ])
  await evaluator.close()
  t.same(logLines, [])
  const { timeouts, restarts, sample } = evaluator.failures()
  t.same({ timeouts, restarts, disagreements: sample.disagreements }, { timeouts: 0, restarts: 0, disagreements: 0 })
})

t.test('a thread that fails to start is restarted, with a log message', async t => {
  const { log, logLines } = recordingLogger()
  const origin = { from: 'cluster', kubeconfig: { files: ['/nowhere'] } } as const
  const data = { origin, settings: DEFAULT_SETTINGS, ownNamespace: undefined }
  const evaluator = new Dispatcher({ start: startInWorker(ENTRY, data), policy: () => WRITTEN_POLICY, log })
  await waitUntil('it was restarted twice', () => evaluator.failures().restarts === 2, 60_000)
  t.notOk(evaluator.health().some(isSynced))
  await evaluator.close()
  t.match(logLines, Array(2).fill('error evaluation thread ended, restarting'))
})

/** Runs the worker in this thread and collects its messages. */
async function startInThisThread(files: readonly string[]) {
  const { port1, port2 } = new MessageChannel()
  const messages: FromEvaluation[] = []
  port1.on('message', (message: FromEvaluation) => messages.push(message))
  const origin = { from: 'cluster', kubeconfig: { files } } as const
  const data = { origin, settings: DEFAULT_SETTINGS, policy: WRITTEN_POLICY, ownNamespace: undefined }
  return { running: runWorker(port2 as MessagePort, data), port: port1, messages }
}

t.test('the worker watches the cluster', async t => {
  const api = await startApiServer()
  t.teardown(api.close)
  serveAll(api)
  api.put(pathOf('PeerAuthentication'), { metadata: { namespace: 'a', name: 'b' }, spec: { mtls: 5 } })
  const folder = t.testdir({ kubeconfig: kubeconfig(api.url) })
  const { running, port, messages } = await startInThisThread([join(folder, 'kubeconfig')])
  await running
  const areSynced = (message: FromEvaluation) => message.from === 'health' && message.kinds.every(isSynced)
  await waitUntil('all kinds are synced', () => messages.some(areSynced))
  await waitUntil('the state is evaluated', () => messages.some(one => one.from === 'state' && one.isEvaluated))
  const logged = messages.flatMap(one => (one.from === 'log' ? [one] : []))
  t.match(
    logged.find(one => one.level === 'warn'),
    { message: 'object skipped: cannot parse', fields: { message: /^PeerAuthentication a\/b: / } }
  )
  t.match(
    logged.find(({ fields }) => fields['kind'] === 'Gateway'),
    { level: 'info', message: 'cache state changed', fields: { health: 'synced' } }
  )
  const closed = new Promise(resolve => port.once('close', resolve))
  port.postMessage({ to: 'close' })
  await closed
  await waitUntil('all watches are closed', () => api.openWatches() === 0)
})

t.test('an internal error fails only its task', async t => {
  const { log } = recordingLogger()
  const data = {
    origin: { from: 'files', resources: [] },
    settings: DEFAULT_SETTINGS,
    ownNamespace: undefined
  } as const
  const broken = { ...WRITTEN_POLICY, exceptions: 5 } as never
  let policy: WrittenPolicy = broken
  const evaluator = new Dispatcher({ start: startInWorker(ENTRY, data), policy: () => policy, log })
  t.teardown(evaluator.close)
  const ask = () => evaluator.review('validate', REVIEW, { flow: '', arrivedMs: nowMs(), budgetMs: 60_000 })
  t.match(await ask(), { unevaluated: /^evaluation failed: / })
  policy = WRITTEN_POLICY
  t.match(await ask(), { response: /"allowed":/ })
})
