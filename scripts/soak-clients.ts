import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../test/support/client.ts'
import { type Decision, decisionError, readDecision, type SoakRequest } from './soak-assertions.ts'
import { type Cluster, GUARD } from './soak-cluster.ts'
import type { Replica } from './soak-guard.ts'
import { HOSTILE_REQUESTS, REQUESTS } from './soak-requests.ts'

/** Results of the requests. */
export interface Tally {
  readonly decisions: Map<Decision, number>
  readonly wrong: string[]
  readonly failedHandshakes: string[]
  readonly failedRequests: string[]
}

export interface Clients {
  readonly tally: Tally
  /** Sends one additional request. */
  readonly send: (replica: Replica, request: SoakRequest) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Clients per replica. */
const CLIENTS = 4
/** A client reconnects and reloads the CA bundle after this number of requests. */
const REQUESTS_PER_CONNECTION = 200
const PAUSE_MS = 40
/** Every n-th request is hostile. */
const HOSTILE_INTERVAL = 9
/** Query parameter of the API server. */
const TIMEOUT = '?timeout=5s'

/** Sends requests to all replicas continuously: half of the clients keep their connections, the others open one per request. */
export function startClients(cluster: Cluster, replicas: readonly Replica[]): Clients {
  const tally: Tally = { decisions: new Map(), wrong: [], failedHandshakes: [], failedRequests: [] }
  const send = async (replica: Replica, request: SoakRequest, agent: Agent | false, ca: string) => {
    const sinceMs = performance.now()
    const url = replica.running.webhook + request.path + TIMEOUT
    try {
      const { status, text } = await ask(url, request.body, { ca, servername: GUARD, agent })
      if (status !== 200) throw new Error(`status ${status}: ${text}`)
      const decision = readDecision(text)
      tally.decisions.set(decision, (tally.decisions.get(decision) ?? 0) + 1)
      const error = decisionError(request, decision, replica.wasStale(sinceMs))
      if (error !== undefined) tally.wrong.push(error)
    } catch (error) {
      const failures = isHandshakeError(error) ? tally.failedHandshakes : tally.failedRequests
      failures.push(`${request.name}: ${error}`)
    }
  }
  let stopped = false
  const client = async (replica: Replica, keepAlive: boolean, first: number) => {
    let agent: Agent | false = false
    let ca = cluster.caBundle()
    for (let turn = 0; !stopped; turn++) {
      if (turn % REQUESTS_PER_CONNECTION === 0 || !keepAlive) {
        if (agent) agent.destroy()
        agent = keepAlive && new Agent({ keepAlive: true, maxSockets: 1 })
        ca = cluster.caBundle()
      }
      await send(replica, requestAt(first + turn), agent, ca)
      await sleep(PAUSE_MS)
    }
    if (agent) agent.destroy()
  }
  const clients = replicas.flatMap(replica =>
    Array.from({ length: CLIENTS }, (_, i) => client(replica, i % 2 === 0, i * 2))
  )
  return {
    tally,
    send: (replica, request) => send(replica, request, false, cluster.caBundle()),
    stop: async () => {
      stopped = true
      await Promise.all(clients)
    }
  }
}

/** Cycles through the hostile requests. */
let hostileCount = 0

function requestAt(turn: number): SoakRequest {
  const hostile =
    turn % HOSTILE_INTERVAL === 0 ? HOSTILE_REQUESTS[hostileCount++ % HOSTILE_REQUESTS.length]?.() : undefined
  return hostile ?? (REQUESTS[turn % REQUESTS.length] as SoakRequest)
}

/** True if the TLS handshake failed. */
function isHandshakeError(error: unknown): boolean {
  const { code = '', message = '' } = error as { readonly code?: string; readonly message?: string }
  return /CERT|TLS|SSL|EPROTO|VERIFY|secure/.test(`${code} ${message}`)
}
