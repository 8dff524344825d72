import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { RULES } from '../rules/index.ts'
import { InvalidInput } from '../sources/files.ts'
import type { StateSource } from '../sources/source.ts'
import { buildHealth, buildWebhook } from './app.ts'
import { createMetrics } from './metrics.ts'
import type { KeyPair } from './tls.ts'

export interface ServeOptions {
  readonly config: Config
  readonly source: StateSource
  readonly keyPair: KeyPair
  readonly ownNamespace: string | undefined
  readonly logger: FastifyBaseLogger
}

export interface Running {
  /** Such as `https://127.0.0.1:8443`. */
  readonly webhook: string
  readonly health: string
  /**
   * Says at once that it is not ready, goes on answering for `drainMs` while new requests find another way, then closes.
   * Requests that are being answered are answered.
   */
  readonly stop: (drainMs: number) => Promise<void>
}

/**
 * Starts both servers. From here on the source is ours to close.
 *
 * @throws {InvalidInput} when a port cannot be had.
 */
export async function serve(options: ServeOptions): Promise<Running> {
  const { config, source, keyPair, ownNamespace, logger } = options
  const { host, port, healthPort } = config.server
  let stopping = false
  const metrics = createMetrics(source)
  const app = await buildWebhook(
    keyPair,
    { current: source.current, health: source.health, rules: RULES, policy: config, ownNamespace, metrics },
    logger
  )
  const health = await buildHealth({ source, metrics, isStopping: () => stopping }, logger)
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close')
  })
  const close = async () => {
    await closeSoon(app)
    await closeSoon(health)
    await source.close()
  }
  try {
    return {
      webhook: await app.listen({ host, port, listenTextResolver: toText }),
      health: await health.listen({ host, port: healthPort, listenTextResolver: toText }),
      stop: async drainMs => {
        stopping = true
        await sleep(drainMs)
        await close()
      }
    }
  } catch (error) {
    await close()
    const { message } = error as Error
    throw new InvalidInput([`${message}; server.port and server.healthPort in the configuration choose others`])
  }
}

const toText = (address: string) => `listening at ${address}`

/** Closes; a client that keeps its connection after its last answer does not hold it up. */
async function closeSoon(app: FastifyInstance): Promise<void> {
  const timer = setInterval(() => app.server.closeIdleConnections(), 100)
  await app.close()
  clearInterval(timer)
}
