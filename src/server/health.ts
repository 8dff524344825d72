import type { FastifyPluginAsync } from 'fastify'
import { Gauge, type Registry } from 'prom-client'
import type { Evaluator } from '../evaluator/evaluator.ts'
import type { ControllerStatus } from '../report/controller-status.ts'
import { isSynced } from '../sources/source.ts'
import { describeCacheState } from './cache-metrics.ts'
import type { Metrics } from './metrics.ts'

export interface HealthOptions {
  readonly evaluator: Pick<Evaluator, 'health' | 'installation'>
  readonly controllerStatus?: (() => ControllerStatus) | undefined
  readonly metrics: Metrics
  /** True during shutdown, so that endpoints are removed. */
  readonly isStopping: () => boolean
}

/**
 * `GET /livez`, `/readyz` and `/metrics`. A replica is ready if the cache of each kind has synced. `/readyz?verbose` has a
 * line for each kind, for each installed control plane and for the controllers. The webhook configurations do not affect readiness: the self-test reaches
 * only ready replicas, because it goes through the Service.
 */
export const health: FastifyPluginAsync<HealthOptions> = async (
  app,
  { evaluator, controllerStatus, metrics, isStopping }
) => {
  const checkReadiness = () => {
    const kinds = evaluator.health()
    const unsynced = kinds.filter(one => !isSynced(one))
    const status = controllerStatus?.()
    const expired = status !== undefined && status.certificateExpiryMs <= Date.now()
    return { kinds, unsynced, status, expired, ready: unsynced.length === 0 && !isStopping() && !expired }
  }
  registerReadinessMetrics(metrics.registry, () => checkReadiness().ready)

  app.get('/livez', async () => 'ok\n')

  app.get<{ Querystring: { readonly verbose?: string } }>('/readyz', async ({ query }, reply) => {
    const verbose = query.verbose !== undefined
    const { kinds, unsynced, status, expired, ready } = checkReadiness()
    const lines = (verbose ? kinds : unsynced).map(describeCacheState)
    if (verbose) lines.push(...evaluator.installation(), ...(status?.lines ?? []))
    if (expired) lines.push('the certificate has expired')
    if (isStopping()) lines.push('stopping')
    return reply.code(ready ? 200 : 503).send(`${[...lines, ready ? 'ready' : 'not ready'].join('\n')}\n`)
  })

  app.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}

function registerReadinessMetrics(registry: Registry, isReady: () => boolean): void {
  new Gauge({
    name: 'mesh_guard_ready',
    help: '1 if /readyz reports this replica as ready, 0 otherwise',
    registers: [registry],
    collect() {
      this.set(isReady() ? 1 : 0)
    }
  })
}
