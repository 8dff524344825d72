import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { WrittenPolicy } from '../../src/engine/to-findings.ts'
import { nowMs } from '../../src/evaluator/clock.ts'
import { Dispatcher } from '../../src/evaluator/dispatcher.ts'
import type { Outcome } from '../../src/evaluator/evaluator.ts'
import type { FromEvaluation, Result, ToEvaluation } from '../../src/evaluator/messages.ts'
import { inWorker } from '../../src/evaluator/worker-thread.ts'
import { isSynced, type KindHealth } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { recordingLogger } from '../support/controller.ts'
import { WRITTEN_POLICY } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'
import { until } from '../support/wait-until.ts'

const BODY = new Uint8Array()
const KNOWN = staticSource(stockWith()).health()

/** A peer that does what the test says. */
class Puppet {
  readonly received: ToEvaluation[] = []
  readonly policy: WrittenPolicy
  readonly say: (message: FromEvaluation) => void
  readonly #end = Promise.withResolvers<string>()
  readonly gone = this.#end.promise
  terminated = false
  isDeaf = false

  constructor(policy: WrittenPolicy, say: (message: FromEvaluation) => void) {
    this.policy = policy
    this.say = say
  }

  readonly post = (message: ToEvaluation) => {
    this.received.push(message)
    if (message.to === 'close' && !this.isDeaf) this.die('closed')
  }
  readonly terminate = () => {
    this.terminated = true
    this.die('terminated')
  }
  readonly die = (reason: string) => this.#end.resolve(reason)
  readonly up = (kinds: readonly KindHealth[] = KNOWN, changes = 1) => this.say({ from: 'health', kinds, changes })
  readonly done = (result: Result) => this.say({ from: 'done', result })
  /** Bodies of the requests that came, by their length. */
  get asked(): readonly number[] {
    return this.received.flatMap(one => (one.to === 'work' && one.task.task === 'review' ? one.task.body.length : []))
  }
}

function build(test: Pick<typeof t, 'teardown'>, policy = () => WRITTEN_POLICY) {
  const puppets: Puppet[] = []
  const { log, logLines } = recordingLogger()
  const start = (policy: WrittenPolicy, say: (message: FromEvaluation) => void) => {
    const puppet = new Puppet(policy, say)
    puppets.push(puppet)
    return puppet
  }
  const evaluator = new Dispatcher({ start, policy, log })
  test.teardown(evaluator.close)
  const ask = (budgetMs = 60_000, flow = '', size = 0): Promise<Outcome> =>
    evaluator.review('validate', new Uint8Array(size), { flow, arrivedMs: nowMs(), budgetMs })
  const puppet = (index = 0) => puppets[index] as Puppet
  return { evaluator, puppets, puppet, logLines, ask }
}

const ANSWER = { answer: '{}', record: undefined }
const late = (seconds: number) => ({ unevaluated: `evaluation took longer than ${seconds} s` })

t.test('requests are evaluated one by one, and flows take turns', async t => {
  const { puppet, ask } = build(t)
  const all = [1, 2, 3].map(size => ask(60_000, 'a', size))
  const other = ask(60_000, 'b', 10)
  t.same(puppet().asked, [], 'nothing is begun before the peer is up')
  puppet().up()
  t.same(puppet().asked, [1])
  for (let time = 0; time < 4; time++) puppet().done(ANSWER)
  t.same(await Promise.all([...all, other]), Array(4).fill(ANSWER))
  t.same(puppet().asked, [1, 10, 2, 3])
})

t.test('each is answered in time, whether it waits, runs, or comes too late', async t => {
  const { evaluator, puppet, puppets, ask } = build(t)
  puppet().up()
  const running = ask(50, '', 1)
  const waiting = ask(100, '', 2)
  const patient = ask(60_000, '', 3)
  t.same(await running, late(0.05))
  t.same(await waiting, late(0.1))
  t.same(puppet().asked, [1])
  // The peer has abandoned it.
  puppet().done(undefined)
  t.same(puppet().asked, [1, 3], 'what has been answered is not begun')
  puppet().done(undefined)
  t.same(await patient, late(60), 'the peer says first that time is up')
  t.same(await ask(0), late(0))
  t.same(evaluator.failures(), { timeouts: 4, restarts: 0 })
  await sleep(1_200)
  t.equal(puppets.length, 1, 'a peer that comes back is kept')
})

t.test('a peer that does not come back is replaced, and those who wait are served by the next', async t => {
  const { evaluator, puppet, puppets, logLines, ask } = build(t)
  puppet().up()
  t.equal(evaluator.health().every(isSynced), true)
  const version = evaluator.version()
  await ask(10)
  const next = ask()
  await until('it is given up', () => puppet().terminated)
  t.notOk(evaluator.health().some(isSynced), 'nothing is known')
  t.match(evaluator.health()[0], { why: 'evaluation is starting', stalenessMs: Number.POSITIVE_INFINITY })
  puppet().up()
  t.notOk(evaluator.health().some(isSynced), 'what it still says is of no weight')
  t.same(logLines, ['error evaluation ended and is restarted'])
  await until('another starts', () => puppets.length === 2)
  puppet(1).up()
  puppet(1).done(ANSWER)
  t.same(await next, ANSWER)
  t.not(evaluator.version(), version)
  t.same(evaluator.failures(), { timeouts: 1, restarts: 1 })
})

t.test('the evaluation of the state itself may take as long as it needs', async t => {
  const { puppet, ask } = build(t)
  puppet().up()
  const asked = ask(10)
  puppet().say({ from: 'state', isEvaluated: false })
  t.same(await asked, late(0.01))
  await sleep(1_300)
  t.equal(puppet().terminated, false)
  puppet().say({ from: 'state', isEvaluated: true })
  await until('what comes after it may not', () => puppet().terminated)
})

t.test('the end of a peer ends what it was doing', async t => {
  const { evaluator, puppet, puppets, logLines, ask } = build(t)
  puppet().up()
  const asked = ask()
  puppet().die('out of memory')
  t.same(await asked, { unevaluated: 'evaluation failed: out of memory' })
  t.same(logLines, ['error evaluation ended and is restarted'])
  await until('another starts', () => puppets.length === 2)
  puppet(1).up()
  const audit = evaluator.audit()
  puppet(1).say({ from: 'failed', reason: 'a fault' })
  await t.rejects(audit, { message: 'a fault' })
  const none = evaluator.audit()
  puppet(1).done(undefined)
  t.equal(await none, undefined)
})

t.test('a peer is told of another policy before the next request, and what it logs is logged', async t => {
  let policy = WRITTEN_POLICY
  const { puppet, logLines, ask } = build(t, () => policy)
  puppet().up()
  void ask()
  puppet().done(ANSWER)
  policy = { ...policy, unevaluated: 'deny' }
  void ask()
  puppet().done(ANSWER)
  void ask()
  puppet().done(ANSWER)
  t.same(
    puppet().received.map(({ to }) => to),
    ['work', 'configure', 'work', 'work']
  )
  t.same(puppet().received[1], { to: 'configure', policy })
  puppet().say({ from: 'log', level: 'warn', message: 'object not read', fields: { message: 'why' } })
  t.same(logLines, ['warn object not read why'])
})

t.test('evidence grows old between two reports, and files do not', async t => {
  const { evaluator, puppet } = build(t)
  const [first] = KNOWN
  if (first === undefined) throw new Error('there are kinds')
  puppet().up([first, { ...first, health: 'synced', stalenessMs: 100 }])
  await sleep(20)
  const [file, watched] = evaluator.health()
  t.equal(file?.stalenessMs, 0)
  t.ok((watched?.stalenessMs ?? 0) >= 119)
})

t.test('a peer that does not close is ended', async t => {
  const { evaluator, puppet } = build(t)
  puppet().isDeaf = true
  await evaluator.close()
  t.ok(puppet().terminated)
})

t.test('a thread in an endless loop is ended, and another starts', async t => {
  const started = new SharedArrayBuffer(4)
  const file = new URL('../support/spinning-worker.ts', import.meta.url)
  const { log } = recordingLogger()
  const evaluator = new Dispatcher({ start: inWorker(file, { started } as never), policy: () => WRITTEN_POLICY, log })
  t.teardown(evaluator.close)
  await evaluator.ready
  const ask = () => evaluator.review('validate', BODY, { flow: '', arrivedMs: nowMs(), budgetMs: 100 })
  const asked = nowMs()
  t.same(await ask(), late(0.1))
  t.ok(nowMs() - asked < 1_000, 'in time')
  await until('it is gone', () => evaluator.failures().restarts === 1)
  await until('another is up', () => evaluator.health().every(isSynced))
  t.same(await ask(), { answer: 'start 1', record: undefined })
})
