import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Recorder for the load metrics. */
export interface LoadMetrics {
  readonly requestStarted: (bytes: number | undefined) => void
  readonly requestFinished: () => void
  readonly rejected: () => void
}

/**
 * Limits the requests in flight for the routes of this scope; further requests get 503. The API server retries after a
 * 503 with `Retry-After`.
 */
export function limitLoad(app: FastifyInstance, maxInFlight: number, load: LoadMetrics): void {
  let inFlight = 0
  app.addHook('onRequest', async (request, reply) => {
    if (inFlight >= maxInFlight) {
      load.rejected()
      return reply.code(503).header('retry-after', '1').send({ message: 'concurrency limit reached, retry' })
    }
    inFlight++
    load.requestStarted(sizeOf(request))
    // Emitted once, also if the client disconnects.
    reply.raw.once('close', () => {
      inFlight--
      load.requestFinished()
    })
  })
}

/** The API server always sends `Content-Length`. */
function sizeOf({ headers }: FastifyRequest): number | undefined {
  const { 'content-length': length } = headers
  return length === undefined ? undefined : Number(length)
}

const KIB = 1024
const REASON = 'concurrency-limit'

export function registerLoadMetrics(registry: Registry): LoadMetrics {
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
    requestStarted: size => {
      inFlight.inc()
      if (size !== undefined) bytes.observe(size)
    },
    requestFinished: () => inFlight.dec(),
    rejected: () => rejected.inc({ reason: REASON })
  }
}
