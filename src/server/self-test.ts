import type { FastifyPluginAsync } from 'fastify'
import { allow, deny } from '../evaluator/admission-response.ts'
import { readReview } from '../evaluator/admission-review.ts'

/** A self-test has 1 KiB. The body is parsed on the thread that serves health checks. */
const BODY_LIMIT = 64 * 1024

export interface SelfTestOptions {
  /** True during shutdown. */
  readonly isStopping: () => boolean
}

/**
 * `POST /self-test` denies every request. The controller sends one through the API server; a denial proves that the
 * webhook is reachable. During shutdown requests are allowed, so that a denial proves that another replica is running.
 */
export const selfTest: FastifyPluginAsync<SelfTestOptions> = async (app, { isStopping }) => {
  app.post('/self-test', { bodyLimit: BODY_LIMIT }, async ({ body }) => {
    const { uid } = readReview(body)
    return isStopping() ? allow(uid) : deny(uid, 'self-test: the API server reached the webhook')
  })
}
