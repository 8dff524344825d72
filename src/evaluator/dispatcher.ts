import { nowMs } from './clock.ts'
import type { Audit, Evaluator, ReviewOutcome } from './evaluator.ts'
import { FlowQueue } from './flow-queue.ts'
import type { FromEvaluation, Result, Results, Task } from './messages.ts'
import { Supervisor, type SupervisorOptions } from './supervisor.ts'

/** An evaluation that runs this long past its deadline is stuck in code that does not check it. */
const BACKSTOP_MS = 1_000
/** Flow of audits in the queue. */
const AUDIT_FLOW = 'audit'

interface Job {
  readonly task: Task
  readonly settle: (result: Result) => void
  readonly fail: (reason: string) => void
  isSettled: boolean
}

/** Runs tasks one by one in a worker; each review settles within its budget, even if the worker hangs or crashes. */
export class Dispatcher implements Evaluator {
  readonly #queue = new FlowQueue<Job>()
  readonly #supervisor: Supervisor
  #running: Job | undefined
  #timeouts = 0
  /** The worker evaluates the whole state, which has no deadline. */
  #isEvaluatingState = false
  #backstop: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions) {
    this.#supervisor = new Supervisor(options, {
      onMessage: message => this.#receive(message),
      onUp: () => this.#next(),
      onDown: reason => this.#down(reason)
    })
  }

  /** Resolves when the first worker is up. */
  get ready(): Promise<void> {
    return this.#supervisor.ready
  }

  readonly review: Evaluator['review'] = (webhook, body, { flow, arrivedMs, budgetMs }) => {
    const { promise, resolve } = Promise.withResolvers<ReviewOutcome>()
    const deadlineMs = arrivedMs + budgetMs
    const timeOut = () => {
      this.#timeouts++
      settle({ unevaluated: `evaluation took longer than ${budgetMs / 1_000} s` })
    }
    const settle = (outcome: ReviewOutcome) => {
      clearTimeout(timer)
      job.isSettled = true
      resolve(outcome)
    }
    const job: Job = {
      task: { task: 'review', webhook, body, deadlineMs },
      settle: result => (result === undefined ? timeOut() : settle(result as ReviewOutcome)),
      fail: reason => settle({ unevaluated: `evaluation failed: ${reason}` }),
      isSettled: false
    }
    const timer = setTimeout(
      () => {
        timeOut()
        if (this.#running === job) this.#armBackstop()
      },
      Math.max(0, deadlineMs - nowMs())
    )
    this.#add(flow, job)
    return promise
  }

  readonly audit = async (): Promise<Audit | undefined> => {
    const findings = await this.#runTask('audit', { task: 'audit' })
    if (findings === undefined) return undefined
    const getPage = (task: Task & { readonly task: 'reports' }) => this.#runTask('reports', task)
    return {
      findings,
      reports: async function* (api, namespace) {
        let offset = 0
        let page = await getPage({ task: 'reports', api, namespace, offset })
        while (page.length > 0) {
          yield page
          offset += page.length
          page = await getPage({ task: 'reports', api, namespace, offset })
        }
      }
    }
  }

  readonly health: Evaluator['health'] = () => this.#supervisor.health()
  readonly installation: Evaluator['installation'] = () => this.#supervisor.installation()
  readonly version: Evaluator['version'] = () => this.#supervisor.version
  readonly failures: Evaluator['failures'] = () => ({
    timeouts: this.#timeouts,
    restarts: this.#supervisor.restarts,
    sample: this.#supervisor.sample
  })

  readonly close: Evaluator['close'] = () => {
    clearTimeout(this.#backstop)
    return this.#supervisor.close()
  }

  /** @throws if the task or the worker fails */
  #runTask<K extends 'audit' | 'reports'>(_kind: K, task: Task & { readonly task: K }): Promise<Results[K]> {
    return new Promise((resolve, reject) => {
      this.#add(AUDIT_FLOW, {
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
      this.#isEvaluatingState = !message.isEvaluated
      if (this.#running?.isSettled === true) this.#armBackstop()
      return
    }
    const job = this.#endRunning()
    if (message.from === 'done') job?.settle(message.result)
    else if (message.from === 'failed') job?.fail(message.reason)
    this.#next()
  }

  /** @returns the running job, unless it has timed out */
  #endRunning(): Job | undefined {
    const job = this.#running
    this.#running = undefined
    clearTimeout(this.#backstop)
    return job?.isSettled === true ? undefined : job
  }

  #down(reason: string): void {
    this.#isEvaluatingState = false
    this.#endRunning()?.fail(reason)
  }

  /** Replaces the worker unless it returns in time. */
  #armBackstop(): void {
    clearTimeout(this.#backstop)
    if (this.#isEvaluatingState) return
    this.#backstop = setTimeout(() => this.#supervisor.replace('evaluation did not stop at its deadline'), BACKSTOP_MS)
  }
}
