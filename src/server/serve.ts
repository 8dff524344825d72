import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config-schema.ts'
import { policyAt } from '../engine/to-findings.ts'
import type { Evaluator } from '../evaluator/evaluator.ts'
import type { ControllerStatus } from '../report/controller-status.ts'
import { InvalidInput } from '../sources/files.ts'
import { messageOf } from '../text/error-message.ts'
import { buildHealth, buildWebhook, type KeyPair, toContext } from './app.ts'
import { type ReloadableConfig, registerConfigMetrics } from './config-reload.ts'
import { createMetrics } from './metrics.ts'

export interface ServeOptions {
  readonly config: Config
  /** For reloads while running. */
  readonly configuration?: ReloadableConfig
  readonly evaluator: Evaluator
  readonly keyPair: KeyPair
  readonly ownNamespace: string | undefined
  /** Undefined if the controller is disabled. */
  readonly controllerStatus?: (() => ControllerStatus) | undefined
  readonly logger: FastifyBaseLogger
}

export interface RunningServer {
  /** Such as `https://127.0.0.1:8443`. */
  readonly webhook: string
  readonly health: string
  /**
   * Replaces the serving certificate. Open connections keep the previous close.
   *
   * @throws if the key does not match the certificate; the previous certificate then stays active
   */
  readonly reload: (keyPair: KeyPair) => void
  /**
   * Graceful shutdown: sends `Connection: close`, runs `beforeDrain`, becomes unready, serves for `drainMs` until
   * endpoints are removed, then closes. Requests in flight are answered.
   */
  readonly stop: (drainMs: number, beforeDrain?: () => Promise<void>) => Promise<void>
}

/** `timeoutSeconds` of the webhooks: the API server does not wait longer for an answer. */
const SHUTDOWN_TIMEOUT_MS = 5_000

/** Progress of the shutdown. */
interface Phase {
  stopping: boolean
  ready: boolean
}

/**
 * Starts both servers. Takes ownership of the evaluator, which it closes.
 *
 * @throws {InvalidInput} if a port cannot be bound
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { host, port, healthPort } = options.config.server
  const phase: Phase = { stopping: false, ready: true }
  const { app, health } = await build(options, phase)
  const closeAll = [closeInTime(app), closeInTime(health), options.evaluator.close]
  const close = async () => {
    for (const closeOne of closeAll) await closeOne()
  }
  try {
    return {
      webhook: await app.listen({ host, port, listenTextResolver: toListenText }),
      health: await health.listen({ host, port: healthPort, listenTextResolver: toListenText }),
      reload: next => app.server.setSecureContext(toContext(next)),
      stop: async (drainMs, beforeDrain) => {
        phase.stopping = true
        await beforeDrain?.()
        phase.ready = false
        await sleep(drainMs)
        await close()
      }
    }
  } catch (error) {
    await close()
    const message = messageOf(error)
    throw new InvalidInput([`${message}; server.port and server.healthPort in the configuration choose others`])
  }
}

async function build(options: ServeOptions, phase: Phase) {
  const { config, configuration, evaluator, keyPair, ownNamespace, controllerStatus, logger } = options
  const policy = () => policyAt(configuration?.current() ?? config, Date.now())
  const metrics = createMetrics(evaluator, controllerStatus, () => policy().exceptions)
  if (configuration !== undefined) registerConfigMetrics(metrics.registry, configuration)
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
  const health = await buildHealth({ evaluator, controllerStatus, metrics, isStopping: () => !phase.ready }, logger)
  return { app, health }
}

const toListenText = (address: string) => `listening at ${address}`

interface Closeable {
  readonly server: Server
  readonly close: () => Promise<unknown>
}

/**
 * Closes `app` in bounded time: idle connections at once, others after their response, and the rest after
 * `SHUTDOWN_TIMEOUT_MS`.
 */
function closeInTime({ server, close }: Closeable): () => Promise<void> {
  const sockets = new Set<Socket>()
  // Tracks sockets itself, because the list of the server lacks connections during the TLS handshake.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return async () => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, SHUTDOWN_TIMEOUT_MS)
    await close()
    clearTimeout(timer)
  }
}
