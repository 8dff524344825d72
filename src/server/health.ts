import type { FastifyPluginAsync } from 'fastify'
import { Gauge, type Registry } from 'prom-client'
import type { Evaluator } from '../evaluator/evaluator.ts'
import { isSettled } from '../sources/source.ts'
import { describeEvidence } from './cache-metrics.ts'
import type { Upkeep } from './controller-metrics.ts'
import type { Metrics } from './metrics.ts'

export interface HealthOptions {
  readonly evaluator: Pick<Evaluator, 'health'>
  readonly upkeep?: (() => Upkeep) | undefined
  readonly metrics: Metrics
  /** True from the first signal to stop on: new requests should go elsewhere. */
  readonly isStopping: () => boolean
}

/**
 * `GET /livez`, `/readyz` and `/metrics`. Ready means that each kind has been read and its watch stands; with
 * `?verbose`, `/readyz` has a line for each kind (how good our knowledge of it is, and when that was last proven), and for
 * what is kept in the cluster. The registration has no say in it: what proves that it works reaches us by a Service,
 * which leads to nobody who is not ready.
 */
export const health: FastifyPluginAsync<HealthOptions> = async (app, { evaluator, upkeep, metrics, isStopping }) => {
  const judgeReadiness = () => {
    const kinds = evaluator.health()
    const waiting = kinds.filter(one => !isSettled(one))
    const kept = upkeep?.()
    const expired = kept !== undefined && kept.certificateUntilMs <= Date.now()
    return { kinds, waiting, kept, expired, ready: waiting.length === 0 && !isStopping() && !expired }
  }
  measureReadiness(metrics.registry, () => judgeReadiness().ready)

  app.get('/livez', async () => 'ok\n')

  app.get<{ Querystring: { readonly verbose?: string } }>('/readyz', async ({ query }, reply) => {
    const verbose = query.verbose !== undefined
    const { kinds, waiting, kept, expired, ready } = judgeReadiness()
    const lines = (verbose ? kinds : waiting).map(describeEvidence)
    if (verbose && kept !== undefined) lines.push(...kept.lines)
    if (expired) lines.push('the certificate has expired')
    if (isStopping()) lines.push('stopping')
    return reply.code(ready ? 200 : 503).send(`${[...lines, ready ? 'ready' : 'not ready'].join('\n')}\n`)
  })

  app.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}

function measureReadiness(registry: Registry, isReady: () => boolean): void {
  new Gauge({
    name: 'mesh_guard_ready',
    help: '1 if /readyz reports this replica as ready, 0 otherwise',
    registers: [registry],
    collect() {
      this.set(isReady() ? 1 : 0)
    }
  })
}
