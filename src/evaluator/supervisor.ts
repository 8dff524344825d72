import type { Logger } from 'pino'
import type { WrittenPolicy } from '../engine/to-findings.ts'
import { type KindHealth, ZERO_COUNTERS } from '../sources/source.ts'
import { KINDS, type Kind } from '../state/resource.ts'
import { nowMs } from './clock.ts'
import type { FromEvaluation, ToEvaluation } from './messages.ts'

/** Where evaluation runs: a worker thread, or the thread of a test. */
export interface Peer {
  readonly post: (message: ToEvaluation) => void
  /** Resolves with the reason when it has ended. */
  readonly gone: Promise<string>
  readonly terminate: () => void
}

export interface SupervisorOptions {
  /** Starts a peer, which reports its health as soon as it can evaluate. */
  readonly start: (policy: WrittenPolicy, receive: (message: FromEvaluation) => void) => Peer
  /** Asked for again with each task. */
  readonly policy: () => WrittenPolicy
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

export interface Listener {
  readonly receive: (message: FromEvaluation) => void
  readonly up: () => void
  readonly down: (reason: string) => void
}

/** Between the end of one peer and the start of the next. */
const RESTART_MS = 1_000
/** Connections to a cluster may take a while to close. */
const CLOSE_MS = 5_000

/** What is known of the state while nothing evaluates. */
const UNKNOWN: readonly KindHealth[] = (Object.keys(KINDS) as Kind[]).map(kind => ({
  kind,
  health: 'starting',
  why: 'evaluation is starting',
  objects: 0,
  stalenessMs: Number.POSITIVE_INFINITY,
  counters: ZERO_COUNTERS
}))

const NOTHING_KNOWN: Known = { kinds: UNKNOWN, changes: 0, atMs: 0 }

interface Known {
  readonly kinds: readonly KindHealth[]
  readonly changes: number
  readonly atMs: number
}

/** Keeps a peer running, and its policy up to date. */
export class Supervisor {
  /** Resolves when the first peer can evaluate. */
  readonly ready: Promise<void>
  readonly #options: SupervisorOptions
  readonly #listener: Listener
  readonly #markReady: () => void
  #peer: Peer
  #sent: WrittenPolicy
  #generation = 1
  #known = NOTHING_KNOWN
  #isUp = false
  #isClosing = false
  #restarts = 0
  #restart: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions, listener: Listener) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ready = promise
    this.#markReady = resolve
    this.#options = options
    this.#listener = listener
    this.#sent = options.policy()
    this.#peer = this.#start()
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Changes with the state, and with the peer. */
  get version(): string {
    return `${this.#generation}.${this.#known.changes}`
  }

  health(): readonly KindHealth[] {
    const { kinds, atMs } = this.#known
    return kinds.map(one => aged(one, nowMs() - atMs))
  }

  post(message: ToEvaluation): void {
    const policy = this.#options.policy()
    if (policy !== this.#sent) this.#peer.post({ to: 'configure', policy })
    this.#sent = policy
    this.#peer.post(message)
  }

  /** Ends a peer that hangs, and starts another. */
  replace(reason: string): void {
    const { terminate } = this.#peer
    this.#end(this.#generation, reason)
    terminate()
  }

  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#restart)
    const late = setTimeout(this.#peer.terminate, CLOSE_MS)
    this.#peer.post({ to: 'close' })
    await this.#peer.gone
    clearTimeout(late)
  }

  #start(): Peer {
    const mine = this.#generation
    const peer = this.#options.start(this.#sent, message => {
      if (mine === this.#generation) this.#receive(message)
    })
    void peer.gone.then(reason => this.#end(mine, reason))
    return peer
  }

  #receive(message: FromEvaluation): void {
    if (message.from === 'log') this.#options.log[message.level](message.fields, message.message)
    else if (message.from !== 'health') this.#listener.receive(message)
    else {
      this.#known = { ...message, atMs: nowMs() }
      if (this.#isUp) return
      this.#isUp = true
      this.#markReady()
      this.#listener.up()
    }
  }

  #end(which: number, reason: string): void {
    if (which !== this.#generation || this.#isClosing) return
    this.#generation++
    this.#restarts++
    this.#isUp = false
    this.#known = NOTHING_KNOWN
    this.#options.log.error({ reason }, 'evaluation ended and is restarted')
    this.#listener.down(reason)
    this.#restart = setTimeout(() => {
      this.#generation++
      this.#sent = this.#options.policy()
      this.#peer = this.#start()
    }, RESTART_MS)
  }
}

/** Files do not grow old. */
function aged(one: KindHealth, ms: number): KindHealth {
  return one.health === 'static' ? one : { ...one, stalenessMs: one.stalenessMs + ms }
}
