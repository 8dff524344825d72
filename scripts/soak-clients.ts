import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../test/support/client.ts'
import { faultIn, type Question, readVerdict, type Verdict } from './soak-assertions.ts'
import { type Cluster, GUARD } from './soak-cluster.ts'
import type { Replica } from './soak-guard.ts'
import { HOSTILE, QUESTIONS } from './soak-requests.ts'

/** What became of the questions. */
export interface Tally {
  readonly verdicts: Map<Verdict, number>
  readonly wrong: string[]
  readonly handshakes: string[]
  readonly requests: string[]
}

export interface Clients {
  readonly tally: Tally
  /** Asks one question more. */
  readonly put: (replica: Replica, question: Question) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Of each replica. */
const CLIENTS = 4
/** So long a client keeps a connection, and trusts whom it trusted at first. */
const REQUESTS_A_CONNECTION = 200
const PAUSE_MS = 40
/** Among ordinary questions, one in so many that is hostile. */
const HOSTILE_EVERY = 9
/** As the API server says it. */
const TIMEOUT = '?timeout=5s'

/** Asks all replicas all the time: half of the clients keep their connections, the others have a new one each time. */
export function startClients(cluster: Cluster, replicas: readonly Replica[]): Clients {
  const tally: Tally = { verdicts: new Map(), wrong: [], handshakes: [], requests: [] }
  const put = async (replica: Replica, question: Question, agent: Agent | false, ca: string) => {
    const sinceMs = performance.now()
    const url = replica.running.webhook + question.path + TIMEOUT
    try {
      const { status, text } = await ask(url, question.body, { ca, servername: GUARD, agent })
      if (status !== 200) throw new Error(`status ${status}: ${text}`)
      const verdict = readVerdict(text)
      tally.verdicts.set(verdict, (tally.verdicts.get(verdict) ?? 0) + 1)
      const fault = faultIn(question, verdict, replica.wasUnknown(sinceMs))
      if (fault !== undefined) tally.wrong.push(fault)
    } catch (error) {
      const failures = isOfHandshake(error) ? tally.handshakes : tally.requests
      failures.push(`${question.name}: ${error}`)
    }
  }
  let over = false
  const client = async (replica: Replica, isKept: boolean, first: number) => {
    let agent: Agent | false = false
    let ca = cluster.bundle()
    for (let turn = 0; !over; turn++) {
      if (turn % REQUESTS_A_CONNECTION === 0 || !isKept) {
        if (agent) agent.destroy()
        agent = isKept && new Agent({ keepAlive: true, maxSockets: 1 })
        ca = cluster.bundle()
      }
      await put(replica, questionAt(first + turn), agent, ca)
      await sleep(PAUSE_MS)
    }
    if (agent) agent.destroy()
  }
  const clients = replicas.flatMap(replica =>
    Array.from({ length: CLIENTS }, (_, i) => client(replica, i % 2 === 0, i * 2))
  )
  return {
    tally,
    put: (replica, question) => put(replica, question, false, cluster.bundle()),
    stop: async () => {
      over = true
      await Promise.all(clients)
    }
  }
}

/** Each hostile question once before any comes again. */
let asked = 0

function questionAt(turn: number): Question {
  const hostile = turn % HOSTILE_EVERY === 0 ? HOSTILE[asked++ % HOSTILE.length]?.() : undefined
  return hostile ?? (QUESTIONS[turn % QUESTIONS.length] as Question)
}

/** Whether a connection failed before it was secure. */
function isOfHandshake(error: unknown): boolean {
  const { code = '', message = '' } = error as { readonly code?: string; readonly message?: string }
  return /CERT|TLS|SSL|EPROTO|VERIFY|secure/.test(`${code} ${message}`)
}
