import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What is counted of requests, whatever they ask. */
export interface Load {
  readonly came: (bytes: number | undefined) => void
  readonly went: () => void
  readonly rejected: () => void
}

/**
 * Bounds what is worked on at a time by the routes of this scope. The API server asks again after a 503 with
 * `Retry-After`.
 */
export function limitLoad(app: FastifyInstance, maxInFlight: number, load: Load): void {
  let inFlight = 0
  app.addHook('onRequest', async (request, reply) => {
    if (inFlight >= maxInFlight) {
      load.rejected()
      return reply.code(503).header('retry-after', '1').send({ message: 'concurrency limit reached, retry' })
    }
    inFlight++
    load.came(sizeOf(request))
    // Comes once, also when the sender hangs up.
    reply.raw.once('close', () => {
      inFlight--
      load.went()
    })
  })
}

/** The API server always says it. */
function sizeOf({ headers }: FastifyRequest): number | undefined {
  const { 'content-length': length } = headers
  return length === undefined ? undefined : Number(length)
}

const KIB = 1024
const REASON = 'concurrency-limit'

export function measureLoad(registry: Registry): Load {
  const registers = [registry]
  const inFlight = new Gauge({
    name: 'mesh_guard_in_flight_requests',
    help: 'Requests in flight: received, queued or being answered',
    registers
  })
  const rejected = new Counter({
    name: 'mesh_guard_rejected_requests_total',
    help: 'Requests rejected with 503: server.maxInFlight requests were in flight (reason concurrency-limit)',
    labelNames: ['reason'],
    registers
  })
  rejected.inc({ reason: REASON }, 0)
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
    rejected: () => rejected.inc({ reason: REASON })
  }
}
