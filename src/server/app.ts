import type { Server } from 'node:https'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type AdmissionOptions, admission } from './admission.ts'
import { type HealthOptions, health } from './health.ts'
import { type SelfTestOptions, selfTest } from './self-test.ts'

/** A certificate with its key, as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** How we speak TLS. A context replaces the one before as a whole, so all of it is said each time. */
export const toContext = (keyPair: KeyPair) => ({ ...keyPair, minVersion: 'TLSv1.2' as const })

/** Object and old object can each be near 3 MiB. */
const BODY_LIMIT = 8 * 1024 * 1024
/** The API server keeps idle connections for 90 s; it must be the one that closes them. */
const KEEP_ALIVE_MS = 120_000
/** The API server waits 30 s at most for an answer. */
const REQUEST_MS = 30_000

/** The webhook, by TLS. It is HTTP/1.1 only, for the API server speaks nothing else to a webhook. */
export async function buildWebhook(
  keyPair: KeyPair,
  options: AdmissionOptions & SelfTestOptions,
  logger: FastifyBaseLogger
): Promise<FastifyInstance<Server>> {
  const app = Fastify({
    https: toContext(keyPair),
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    // Labels may have any key. What is parsed here is never merged.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    // While we stop, requests on open connections are answered all the same.
    return503OnClosing: false
  })
  // Must be longer than the time a connection may be idle.
  app.server.headersTimeout = KEEP_ALIVE_MS + 1_000
  await app.register(admission, options)
  await app.register(selfTest, options)
  return app
}

/** Health and metrics, in plain HTTP on a port of their own. */
export async function buildHealth(options: HealthOptions, logger: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }) })
  await app.register(health, options)
  return app
}
