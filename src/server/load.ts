import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { takeTurns } from './turns.ts'

/** Why a request was turned away: too many before it, or its sender no longer waits. */
type Reason = 'concurrency-limit' | 'time-out'

/** What is counted of requests, whatever they ask. */
export interface Load {
  readonly came: (bytes: number | undefined) => void
  readonly went: () => void
  readonly shed: (reason: Reason) => void
}

const MESSAGES: Readonly<Record<Reason, string>> = {
  'concurrency-limit': 'concurrency limit reached, retry',
  'time-out': 'request timed out in the queue'
}

/**
 * Bounds what is worked on at a time by the routes of this scope. The API server asks again after a 503 with
 * `Retry-After`; what it no longer waits for is not begun, for judging cannot be broken off.
 */
export function limitLoad(app: FastifyInstance, maxInFlight: number, load: Load): void {
  const deadlines = new WeakMap<FastifyRequest, number>()
  const turn = takeTurns()
  let inFlight = 0

  const shed = (reply: FastifyReply, reason: Reason) => {
    load.shed(reason)
    return reply.code(503).header('retry-after', '1').send({ message: MESSAGES[reason] })
  }

  app.addHook('onRequest', async (request, reply) => {
    if (inFlight >= maxInFlight) return shed(reply, 'concurrency-limit')
    inFlight++
    const patience = patienceMs(request)
    if (patience !== undefined) deadlines.set(request, performance.now() + patience)
    load.came(sizeOf(request))
    // Comes once, also when the sender hangs up.
    reply.raw.once('close', () => {
      inFlight--
      load.went()
    })
  })

  app.addHook('preHandler', async (request, reply) => {
    await turn()
    const deadline = deadlines.get(request)
    if (deadline !== undefined && performance.now() >= deadline) return shed(reply, 'time-out')
  })
}

/** The API server always says it. */
function sizeOf({ headers }: FastifyRequest): number | undefined {
  const { 'content-length': length } = headers
  return length === undefined ? undefined : Number(length)
}

/** How long the sender waits. The API server says so by `?timeout=5s`. */
function patienceMs({ query }: FastifyRequest): number | undefined {
  const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(String((query as { readonly timeout?: unknown }).timeout)) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

const KIB = 1024

export function measureLoad(registry: Registry): Load {
  const registers = [registry]
  const inFlight = new Gauge({
    name: 'mesh_guard_in_flight_requests',
    help: 'Requests in flight: received, queued or being answered',
    registers
  })
  const shed = new Counter({
    name: 'mesh_guard_rejected_requests_total',
    help: 'Requests rejected with 503, by reason: concurrency-limit, server.maxInFlight reached; time-out, the API server stopped waiting while the request was queued',
    labelNames: ['reason'],
    registers
  })
  for (const reason of Object.keys(MESSAGES)) shed.inc({ reason }, 0)
  const bytes = new Histogram({
    name: 'mesh_guard_request_body_bytes',
    help: 'Size of request bodies, in bytes',
    buckets: [KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, KIB ** 2, 4 * KIB ** 2, 8 * KIB ** 2],
    registers
  })
  return {
    came: size => {
      inFlight.inc()
      if (size !== undefined) bytes.observe(size)
    },
    went: () => inFlight.dec(),
    shed: reason => shed.inc({ reason })
  }
}
