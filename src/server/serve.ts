import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config-schema.ts'
import { policyAt } from '../engine/to-findings.ts'
import type { Evaluator } from '../evaluator/evaluator.ts'
import { InvalidInput } from '../sources/files.ts'
import { buildHealth, buildWebhook, type KeyPair, toContext } from './app.ts'
import { type Configuration, measureConfiguration } from './config-reload.ts'
import type { Upkeep } from './controller-metrics.ts'
import { createMetrics } from './metrics.ts'

export interface ServeOptions {
  readonly config: Config
  /** Where it can change while we run. */
  readonly configuration?: Configuration
  readonly evaluator: Evaluator
  readonly keyPair: KeyPair
  readonly ownNamespace: string | undefined
  /** What is kept in the cluster, where something is. */
  readonly upkeep?: (() => Upkeep) | undefined
  readonly logger: FastifyBaseLogger
}

export interface Running {
  /** Such as `https://127.0.0.1:8443`. */
  readonly webhook: string
  readonly health: string
  /**
   * Serves with another certificate from now on. Connections that are open go on with theirs.
   *
   * @throws when certificate and key do not belong together; then the old ones stay in force.
   */
  readonly reload: (keyPair: KeyPair) => void
  /**
   * Says at once that it is not ready, goes on answering for `drainMs` while new requests find another way, then closes.
   * Requests that are being answered are answered. `first` runs before all that, while clients already hear that their
   * connection ends.
   */
  readonly stop: (drainMs: number, first?: () => Promise<void>) => Promise<void>
}

/** The API server waits no longer for an answer: by our registration, 5 s. */
const LAST_REQUEST_MS = 5_000

/** How far we are on the way out. */
interface Phase {
  stopping: boolean
  ready: boolean
}

/**
 * Starts both servers. From here on the evaluator is ours to close.
 *
 * @throws {InvalidInput} when a port cannot be had.
 */
export async function serve(options: ServeOptions): Promise<Running> {
  const { host, port, healthPort } = options.config.server
  const phase: Phase = { stopping: false, ready: true }
  const { app, health } = await build(options, phase)
  const closings = [closing(app), closing(health), options.evaluator.close]
  const close = async () => {
    for (const one of closings) await one()
  }
  try {
    return {
      webhook: await app.listen({ host, port, listenTextResolver: toText }),
      health: await health.listen({ host, port: healthPort, listenTextResolver: toText }),
      reload: next => app.server.setSecureContext(toContext(next)),
      stop: async (drainMs, first) => {
        phase.stopping = true
        await first?.()
        phase.ready = false
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

async function build(options: ServeOptions, phase: Phase) {
  const { config, configuration, evaluator, keyPair, ownNamespace, upkeep, logger } = options
  const policy = () => policyAt(configuration?.current() ?? config, Date.now())
  const metrics = createMetrics(evaluator, upkeep, () => policy().exceptions)
  if (configuration !== undefined) measureConfiguration(metrics.registry, configuration)
  const app = await buildWebhook(
    keyPair,
    {
      evaluator,
      policy,
      ownNamespace,
      metrics,
      maxInFlight: config.server.maxInFlight,
      isStopping: () => phase.stopping
    },
    logger
  )
  app.addHook('onSend', async (_request, reply) => {
    if (phase.stopping) reply.header('connection', 'close')
  })
  const health = await buildHealth({ evaluator, upkeep, metrics, isStopping: () => !phase.ready }, logger)
  return { app, health }
}

const toText = (address: string) => `listening at ${address}`

interface Closeable {
  readonly server: Server
  readonly close: () => Promise<unknown>
}

/**
 * A way to close `app` that no client holds up for long. Connections that are idle are closed at once, and others with
 * their answer; that leaves those that never come to their end.
 */
function closing({ server, close }: Closeable): () => Promise<void> {
  const sockets = new Set<Socket>()
  // Of all connections, for the server's own list lacks those that shake hands yet.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return async () => {
    const late = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, LAST_REQUEST_MS)
    await close()
    clearTimeout(late)
  }
}
