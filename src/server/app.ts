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

/** Complete TLS options: `setSecureContext` replaces all of them. */
export const toContext = (keyPair: KeyPair) => ({ ...keyPair, minVersion: 'TLSv1.2' as const })

/** Object and old object can be close to 3 MiB each. */
const BODY_LIMIT = 8 * 1024 * 1024
/** Longer than the 90 s after which the API server closes idle connections, so that the server never closes first. */
const KEEP_ALIVE_MS = 120_000
/** Maximum `timeoutSeconds` of a webhook. */
const REQUEST_MS = 30_000

/** Webhook server over TLS. HTTP/1.1 only, which the API server uses for webhooks. */
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
    // Label keys may be `__proto__`; parsed objects are never merged.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    // During shutdown, requests on open connections are still answered.
    return503OnClosing: false
  })
  // Must be longer than keepAliveTimeout.
  app.server.headersTimeout = KEEP_ALIVE_MS + 1_000
  await app.register(admission, options)
  await app.register(selfTest, options)
  return app
}

/** Health and metrics server, plaintext HTTP on a separate port. */
export async function buildHealth(options: HealthOptions, logger: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }) })
  await app.register(health, options)
  return app
}
