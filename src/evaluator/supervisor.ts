import type { Logger } from 'pino'
import type { WrittenPolicy } from '../engine/findings.ts'
import { KINDS, type Kind } from '../model/resource.ts'
import { type KindHealth, NO_TROUBLES } from '../sources/source.ts'
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

export interface Supervisor {
  /** Resolves when the first peer can evaluate. */
  readonly ready: Promise<void>
  readonly isUp: () => boolean
  readonly post: (message: ToEvaluation) => void
  readonly health: () => readonly KindHealth[]
  readonly version: () => string
  readonly restarts: () => number
  /** Ends a peer that hangs, and starts another. */
  readonly replace: (reason: string) => void
  readonly close: () => Promise<void>
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
  ageMs: Number.POSITIVE_INFINITY,
  troubles: NO_TROUBLES
}))

/** Keeps a peer running, and its policy up to date. */
export function supervise({ start, policy, log }: SupervisorOptions, listener: Listener): Supervisor {
  const ready = Promise.withResolvers<void>()
  let generation = 0
  let peer: Peer
  let sent: WrittenPolicy
  let known = { kinds: UNKNOWN, changes: 0, atMs: 0 }
  let isUp = false
  let isClosing = false
  let restarts = 0
  let restart: NodeJS.Timeout | undefined

  const receive = (message: FromEvaluation) => {
    if (message.from === 'log') log[message.level](message.fields, message.message)
    else if (message.from !== 'health') listener.receive(message)
    else {
      known = { ...message, atMs: nowMs() }
      if (isUp) return
      isUp = true
      ready.resolve()
      listener.up()
    }
  }
  const begin = () => {
    const mine = ++generation
    sent = policy()
    peer = start(sent, message => {
      if (mine === generation) receive(message)
    })
    void peer.gone.then(reason => end(mine, reason))
  }
  const end = (which: number, reason: string) => {
    if (which !== generation || isClosing) return
    generation++
    restarts++
    isUp = false
    known = { kinds: UNKNOWN, changes: 0, atMs: 0 }
    log.error({ reason }, 'evaluation ended and is restarted')
    listener.down(reason)
    restart = setTimeout(begin, RESTART_MS)
  }
  begin()
  return {
    ready: ready.promise,
    isUp: () => isUp,
    post: message => {
      const now = policy()
      if (now !== sent) peer.post({ to: 'configure', policy: now })
      sent = now
      peer.post(message)
    },
    health: () => known.kinds.map(one => aged(one, nowMs() - known.atMs)),
    version: () => `${generation}.${known.changes}`,
    restarts: () => restarts,
    replace: reason => {
      const { terminate } = peer
      end(generation, reason)
      terminate()
    },
    close: async () => {
      isClosing = true
      clearTimeout(restart)
      const late = setTimeout(peer.terminate, CLOSE_MS)
      peer.post({ to: 'close' })
      await peer.gone
      clearTimeout(late)
    }
  }
}

/** Files do not grow old. */
function aged(one: KindHealth, ms: number): KindHealth {
  return one.health === 'static' ? one : { ...one, ageMs: one.ageMs + ms }
}
