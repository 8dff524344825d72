import type { Logger } from 'pino'
import type { WrittenPolicy } from '../engine/to-findings.ts'
import { type KindHealth, ZERO_COUNTERS } from '../sources/source.ts'
import { CLUSTER_KINDS } from '../state/resource.ts'
import { nowMs } from './clock.ts'
import type { SampleCount } from './evaluator.ts'
import type { FromEvaluation, ToEvaluation } from './messages.ts'

/** Runs evaluation: a worker thread, or the thread of a test. */
export interface EvaluationWorker {
  readonly post: (message: ToEvaluation) => void
  /** Resolves with the reason when the worker has ended. */
  readonly exited: Promise<string>
  readonly terminate: () => void
}

export interface SupervisorOptions {
  /** Starts a worker, which sends a `health` message when it is ready. */
  readonly start: (policy: WrittenPolicy, receive: (message: FromEvaluation) => void) => EvaluationWorker
  /** Read before each message. */
  readonly policy: () => WrittenPolicy
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

export interface SupervisorListener {
  readonly onMessage: (message: FromEvaluation) => void
  readonly onUp: () => void
  readonly onDown: (reason: string) => void
}

/** Delay between the end of one worker and the start of the next. */
const RESTART_DELAY_MS = 1_000
/** Closing the connections to a cluster may take a while. */
const CLOSE_TIMEOUT_MS = 5_000

/** Cache state while no worker is up. */
const STARTING: readonly KindHealth[] = CLUSTER_KINDS.map(kind => ({
  kind,
  health: 'starting',
  why: 'evaluation is starting',
  objects: 0,
  stalenessMs: Number.POSITIVE_INFINITY,
  counters: ZERO_COUNTERS
}))

const NO_REPORT: HealthReport = {
  kinds: STARTING,
  changes: 0,
  installation: [],
  sample: { compared: 0, disagreements: 0 },
  atMs: 0
}

/** The last `health` message and the time of its arrival. */
interface HealthReport {
  readonly kinds: readonly KindHealth[]
  readonly changes: number
  readonly installation: readonly string[]
  readonly sample: SampleCount
  readonly atMs: number
}

/** Restarts the worker when it ends, and sends it each new policy. */
export class Supervisor {
  /** Resolves when the first worker is up. */
  readonly ready: Promise<void>
  readonly #options: SupervisorOptions
  readonly #listener: SupervisorListener
  readonly #markReady: () => void
  #worker: EvaluationWorker
  /** The policy that the worker has. */
  #sentPolicy: WrittenPolicy
  #generation = 1
  #report = NO_REPORT
  #isUp = false
  #isClosing = false
  #restarts = 0
  #restart: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions, listener: SupervisorListener) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ready = promise
    this.#markReady = resolve
    this.#options = options
    this.#listener = listener
    this.#sentPolicy = options.policy()
    this.#worker = this.#start()
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Changes with the state and with the worker. */
  get version(): string {
    return `${this.#generation}.${this.#report.changes}`
  }

  health(): readonly KindHealth[] {
    const { kinds, atMs } = this.#report
    return kinds.map(one => withAge(one, nowMs() - atMs))
  }

  installation(): readonly string[] {
    return this.#report.installation
  }

  get sample(): SampleCount {
    return this.#report.sample
  }

  post(message: ToEvaluation): void {
    const policy = this.#options.policy()
    if (policy !== this.#sentPolicy) this.#worker.post({ to: 'configure', policy })
    this.#sentPolicy = policy
    this.#worker.post(message)
  }

  /** Terminates a hanging worker and starts another. */
  replace(reason: string): void {
    const { terminate } = this.#worker
    this.#end(this.#generation, reason)
    terminate()
  }

  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#restart)
    const timer = setTimeout(this.#worker.terminate, CLOSE_TIMEOUT_MS)
    this.#worker.post({ to: 'close' })
    await this.#worker.exited
    clearTimeout(timer)
  }

  #start(): EvaluationWorker {
    const generation = this.#generation
    const worker = this.#options.start(this.#sentPolicy, message => {
      if (generation === this.#generation) this.#receive(message)
    })
    void worker.exited.then(reason => this.#end(generation, reason))
    return worker
  }

  #receive(message: FromEvaluation): void {
    if (message.from === 'log') this.#options.log[message.level](message.fields, message.message)
    else if (message.from !== 'health') this.#listener.onMessage(message)
    else {
      this.#report = { ...message, atMs: nowMs() }
      if (this.#isUp) return
      this.#isUp = true
      this.#markReady()
      this.#listener.onUp()
    }
  }

  #end(generation: number, reason: string): void {
    if (generation !== this.#generation || this.#isClosing) return
    this.#generation++
    this.#restarts++
    this.#isUp = false
    this.#report = NO_REPORT
    this.#options.log.error({ reason }, 'evaluation thread ended, restarting')
    this.#listener.onDown(reason)
    this.#restart = setTimeout(() => {
      this.#generation++
      this.#sentPolicy = this.#options.policy()
      this.#worker = this.#start()
    }, RESTART_DELAY_MS)
  }
}

/** Adds the age of the report to the staleness; a static state is never stale. */
function withAge(one: KindHealth, ms: number): KindHealth {
  return one.health === 'static' ? one : { ...one, stalenessMs: one.stalenessMs + ms }
}
