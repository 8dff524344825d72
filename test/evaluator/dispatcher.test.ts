import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { WrittenPolicy } from '../../src/engine/to-findings.ts'
import { nowMs } from '../../src/evaluator/clock.ts'
import { Dispatcher } from '../../src/evaluator/dispatcher.ts'
import type { ReviewOutcome } from '../../src/evaluator/evaluator.ts'
import type { FromEvaluation, Result, ToEvaluation } from '../../src/evaluator/messages.ts'
import { startInWorker } from '../../src/evaluator/worker-thread.ts'
import { isSynced, type KindHealth } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { recordingLogger } from '../support/controller.ts'
import { WRITTEN_POLICY } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'
import { waitUntil } from '../support/wait-until.ts'

const BODY = new Uint8Array()
const HEALTH = staticSource(stockWith()).health()

/** A worker that the test controls. */
class FakeWorker {
  readonly received: ToEvaluation[] = []
  readonly policy: WrittenPolicy
  readonly send: (message: FromEvaluation) => void
  readonly #end = Promise.withResolvers<string>()
  readonly exited = this.#end.promise
  terminated = false
  ignoresClose = false

  constructor(policy: WrittenPolicy, send: (message: FromEvaluation) => void) {
    this.policy = policy
    this.send = send
  }

  readonly post = (message: ToEvaluation) => {
    this.received.push(message)
    if (message.to === 'close' && !this.ignoresClose) this.exit('closed')
  }
  readonly terminate = () => {
    this.terminated = true
    this.exit('terminated')
  }
  readonly exit = (reason: string) => this.#end.resolve(reason)
  readonly up = (kinds: readonly KindHealth[] = HEALTH, changes = 1) =>
    this.send({ from: 'health', kinds, changes, installation: [], sample: { compared: 3, disagreements: 1 } })
  readonly done = (result: Result) => this.send({ from: 'done', result })
  /** Body lengths of the received requests. */
  get reviewed(): readonly number[] {
    return this.received.flatMap(one => (one.to === 'work' && one.task.task === 'review' ? one.task.body.length : []))
  }
}

function build(test: Pick<typeof t, 'teardown'>, policy = () => WRITTEN_POLICY) {
  const workers: FakeWorker[] = []
  const { log, logLines } = recordingLogger()
  const start = (policy: WrittenPolicy, send: (message: FromEvaluation) => void) => {
    const worker = new FakeWorker(policy, send)
    workers.push(worker)
    return worker
  }
  const evaluator = new Dispatcher({ start, policy, log })
  test.teardown(evaluator.close)
  const ask = (budgetMs = 60_000, flow = '', size = 0): Promise<ReviewOutcome> =>
    evaluator.review('validate', new Uint8Array(size), { flow, arrivedMs: nowMs(), budgetMs })
  const worker = (index = 0) => workers[index] as FakeWorker
  return { evaluator, workers, worker, logLines, ask }
}

const RESPONSE = { response: '{}', record: undefined }
const timedOut = (seconds: number) => ({ unevaluated: `evaluation took longer than ${seconds} s` })

t.test('requests run one by one, and flows take turns', async t => {
  const { worker, ask } = build(t)
  const all = [1, 2, 3].map(size => ask(60_000, 'a', size))
  const other = ask(60_000, 'b', 10)
  t.same(worker().reviewed, [], 'no request starts before the worker is up')
  worker().up()
  t.same(worker().reviewed, [1])
  for (let time = 0; time < 4; time++) worker().done(RESPONSE)
  t.same(await Promise.all([...all, other]), Array(4).fill(RESPONSE))
  t.same(worker().reviewed, [1, 10, 2, 3])
})

t.test('each request settles at its deadline while queued, running or late', async t => {
  const { evaluator, worker, workers, ask } = build(t)
  worker().up()
  const running = ask(50, '', 1)
  const waiting = ask(100, '', 2)
  const third = ask(60_000, '', 3)
  t.same(await running, timedOut(0.05))
  t.same(await waiting, timedOut(0.1))
  t.same(worker().reviewed, [1])
  // The worker abandons it at the deadline.
  worker().done(undefined)
  t.same(worker().reviewed, [1, 3], 'a timed-out request does not start')
  worker().done(undefined)
  t.same(await third, timedOut(60), 'the worker reports the timeout first')
  t.same(await ask(0), timedOut(0))
  t.same(evaluator.failures(), { timeouts: 4, restarts: 0, sample: { compared: 3, disagreements: 1 } })
  await sleep(1_200)
  t.equal(workers.length, 1, 'a worker that returns is not replaced')
})

t.test('a hanging worker is replaced, and the next one runs the queue', async t => {
  const { evaluator, worker, workers, logLines, ask } = build(t)
  worker().up()
  t.equal(evaluator.health().every(isSynced), true)
  const version = evaluator.version()
  await ask(10)
  const next = ask()
  await waitUntil('the worker is terminated', () => worker().terminated)
  t.notOk(evaluator.health().some(isSynced), 'no kind is synced')
  t.match(evaluator.health()[0], { why: 'evaluation is starting', stalenessMs: Number.POSITIVE_INFINITY })
  worker().up()
  t.notOk(evaluator.health().some(isSynced), 'messages of a replaced worker are ignored')
  t.same(logLines, ['error evaluation thread ended, restarting'])
  await waitUntil('another worker starts', () => workers.length === 2)
  worker(1).up()
  worker(1).done(RESPONSE)
  t.same(await next, RESPONSE)
  t.not(evaluator.version(), version)
  t.same(evaluator.failures(), { timeouts: 1, restarts: 1, sample: { compared: 3, disagreements: 1 } })
})

t.test('evaluation of the whole state has no deadline', async t => {
  const { worker, ask } = build(t)
  worker().up()
  const outcome = ask(10)
  worker().send({ from: 'state', isEvaluated: false })
  t.same(await outcome, timedOut(0.01))
  await sleep(1_300)
  t.equal(worker().terminated, false)
  worker().send({ from: 'state', isEvaluated: true })
  await waitUntil('the worker is terminated after the state is evaluated', () => worker().terminated)
})

t.test('a crash of the worker fails the running task', async t => {
  const { evaluator, worker, workers, logLines, ask } = build(t)
  worker().up()
  const outcome = ask()
  worker().exit('out of memory')
  t.same(await outcome, { unevaluated: 'evaluation failed: out of memory' })
  t.same(logLines, ['error evaluation thread ended, restarting'])
  await waitUntil('another worker starts', () => workers.length === 2)
  worker(1).up()
  const audit = evaluator.audit()
  worker(1).send({ from: 'failed', reason: 'an error' })
  await t.rejects(audit, { message: 'an error' })
  const none = evaluator.audit()
  worker(1).done(undefined)
  t.equal(await none, undefined)
})

t.test('a new policy is sent before the next request, and log messages are forwarded', async t => {
  let policy = WRITTEN_POLICY
  const { worker, logLines, ask } = build(t, () => policy)
  worker().up()
  void ask()
  worker().done(RESPONSE)
  policy = { ...policy, unevaluated: 'deny' }
  void ask()
  worker().done(RESPONSE)
  void ask()
  worker().done(RESPONSE)
  t.same(
    worker().received.map(({ to }) => to),
    ['work', 'configure', 'work', 'work']
  )
  t.same(worker().received[1], { to: 'configure', policy })
  worker().send({ from: 'log', level: 'warn', message: 'object not read', fields: { message: 'why' } })
  t.same(logLines, ['warn object not read why'])
})

t.test('staleness grows between two reports, except for a static state', async t => {
  const { evaluator, worker } = build(t)
  const [first] = HEALTH
  if (first === undefined) throw new Error('no kinds')
  worker().up([first, { ...first, health: 'synced', stalenessMs: 100 }])
  await sleep(20)
  const [fixed, watched] = evaluator.health()
  t.equal(fixed?.stalenessMs, 0)
  t.ok((watched?.stalenessMs ?? 0) >= 119)
})

t.test('a worker that does not close is terminated', async t => {
  const { evaluator, worker } = build(t)
  worker().ignoresClose = true
  await evaluator.close()
  t.ok(worker().terminated)
})

t.test('a thread is started from the text of a script', async t => {
  const { log } = recordingLogger()
  const health = JSON.stringify({ from: 'health', kinds: HEALTH, changes: 1 })
  const text = `
    const { parentPort, workerData } = require('node:worker_threads')
    parentPort.postMessage(${health})
    parentPort.on('message', ({ to }) => {
      if (to === 'close') parentPort.close()
      else parentPort.postMessage({ from: 'done', result: { response: workerData.answer, record: undefined } })
    })`
  const start = startInWorker(text, { answer: 'from text' } as never)
  const evaluator = new Dispatcher({ start, policy: () => WRITTEN_POLICY, log })
  t.teardown(evaluator.close)
  await evaluator.ready
  const answer = await evaluator.review('validate', BODY, { flow: '', arrivedMs: nowMs(), budgetMs: 10_000 })
  t.same(answer, { response: 'from text', record: undefined })
})

t.test('a thread in an endless loop is terminated and restarted', async t => {
  const started = new SharedArrayBuffer(4)
  const file = new URL('../support/spinning-worker.ts', import.meta.url)
  const { log } = recordingLogger()
  const evaluator = new Dispatcher({
    start: startInWorker(file, { started } as never),
    policy: () => WRITTEN_POLICY,
    log
  })
  t.teardown(evaluator.close)
  await evaluator.ready
  const ask = () => evaluator.review('validate', BODY, { flow: '', arrivedMs: nowMs(), budgetMs: 100 })
  const startMs = nowMs()
  t.same(await ask(), timedOut(0.1))
  t.ok(nowMs() - startMs < 1_000, 'settles in time')
  await waitUntil('the thread is terminated', () => evaluator.failures().restarts === 1)
  await waitUntil('another worker is up', () => evaluator.health().every(isSynced))
  t.same(await ask(), { response: 'start 1', record: undefined })
})
