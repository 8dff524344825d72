import { nowMs } from './clock.ts'
import type { Audit, Evaluator, Outcome } from './evaluator.ts'
import { FlowQueue } from './flow-queue.ts'
import type { FromEvaluation, Result, Results, Task } from './messages.ts'
import { Supervisor, type SupervisorOptions } from './supervisor.ts'

/** An evaluation abandons itself at its deadline. One that has not done so by then does not read the state any more. */
const BACKSTOP_MS = 1_000
/** Audits take turns with requests. */
const AUDIT = 'audit'

interface Job {
  readonly task: Task
  readonly settle: (result: Result) => void
  readonly fail: (reason: string) => void
  isSettled: boolean
}

/** Has tasks done one by one by a peer, and answers in time, whatever becomes of them. */
export class Dispatcher implements Evaluator {
  readonly #queue = new FlowQueue<Job>()
  readonly #supervisor: Supervisor
  #running: Job | undefined
  #timeouts = 0
  /** The peer evaluates the state itself, however long that takes. */
  #isBusyWithState = false
  #backstop: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions) {
    this.#supervisor = new Supervisor(options, {
      receive: message => this.#receive(message),
      up: () => this.#next(),
      down: reason => this.#down(reason)
    })
  }

  /** Resolves when tasks are begun. */
  get ready(): Promise<void> {
    return this.#supervisor.ready
  }

  readonly review: Evaluator['review'] = (question, body, { flow, arrivedMs, budgetMs }) => {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const deadlineMs = arrivedMs + budgetMs
    const late = () => {
      this.#timeouts++
      settle({ unevaluated: `evaluation took longer than ${budgetMs / 1_000} s` })
    }
    const settle = (outcome: Outcome) => {
      clearTimeout(timer)
      job.isSettled = true
      resolve(outcome)
    }
    const job: Job = {
      task: { task: 'review', question, body, deadlineMs },
      settle: result => (result === undefined ? late() : settle(result as Outcome)),
      fail: reason => settle({ unevaluated: `evaluation failed: ${reason}` }),
      isSettled: false
    }
    const timer = setTimeout(
      () => {
        late()
        if (this.#running === job) this.#armBackstop()
      },
      Math.max(0, deadlineMs - nowMs())
    )
    this.#add(flow, job)
    return promise
  }

  readonly audit = async (): Promise<Audit | undefined> => {
    const findings = await this.#ask('audit', { task: 'audit' })
    if (findings === undefined) return undefined
    const ask = (task: Task & { readonly task: 'reports' }) => this.#ask('reports', task)
    return {
      findings,
      reports: async function* (api, home) {
        let from = 0
        let page = await ask({ task: 'reports', api, home, from })
        while (page.length > 0) {
          yield page
          from += page.length
          page = await ask({ task: 'reports', api, home, from })
        }
      }
    }
  }

  readonly health: Evaluator['health'] = () => this.#supervisor.health()
  readonly version: Evaluator['version'] = () => this.#supervisor.version
  readonly failures: Evaluator['failures'] = () => ({
    timeouts: this.#timeouts,
    restarts: this.#supervisor.restarts
  })

  readonly close: Evaluator['close'] = () => {
    clearTimeout(this.#backstop)
    return this.#supervisor.close()
  }

  /** @throws when the peer fails */
  #ask<K extends 'audit' | 'reports'>(_kind: K, task: Task & { readonly task: K }): Promise<Results[K]> {
    return new Promise((resolve, reject) => {
      this.#add(AUDIT, {
        task,
        settle: result => resolve(result as Results[K]),
        fail: reason => reject(new Error(reason)),
        isSettled: false
      })
    })
  }

  #add(flow: string, job: Job): void {
    this.#queue.add(flow, job)
    this.#next()
  }

  #next(): void {
    while (this.#running === undefined && this.#supervisor.isUp) {
      const job = this.#queue.next()
      if (job === undefined) return
      if (job.isSettled) continue
      this.#running = job
      this.#supervisor.post({ to: 'work', task: job.task })
    }
  }

  #receive(message: FromEvaluation): void {
    if (message.from === 'state') {
      this.#isBusyWithState = !message.isEvaluated
      if (this.#running?.isSettled === true) this.#armBackstop()
      return
    }
    const job = this.#endRunning()
    if (message.from === 'done') job?.settle(message.result)
    else if (message.from === 'failed') job?.fail(message.reason)
    this.#next()
  }

  /** The job that ran, unless its deadline came first. */
  #endRunning(): Job | undefined {
    const job = this.#running
    this.#running = undefined
    clearTimeout(this.#backstop)
    return job?.isSettled === true ? undefined : job
  }

  #down(reason: string): void {
    this.#isBusyWithState = false
    this.#endRunning()?.fail(reason)
  }

  /** From when the evaluation should have been abandoned. */
  #armBackstop(): void {
    clearTimeout(this.#backstop)
    if (this.#isBusyWithState) return
    const hangs = () => this.#supervisor.replace('it did not come to its end')
    this.#backstop = setTimeout(hangs, BACKSTOP_MS)
  }
}
