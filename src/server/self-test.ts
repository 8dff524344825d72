import type { FastifyPluginAsync } from 'fastify'
import { allow, deny } from '../evaluator/admission-response.ts'
import { readReview } from '../evaluator/admission-review.ts'

/** Ours has 1 KiB, and is parsed where health is answered. */
const BODY_LIMIT = 64 * 1024

export interface SelfTestOptions {
  /** True from the first signal to stop on. */
  readonly isStopping: () => boolean
}

/**
 * `POST /self-test` refuses whatever it is asked. The keeper of the registration asks by way of the API server, and a
 * refusal proves that the whole way works. While we stop we no longer vouch for ourselves: a refusal that the keeper then
 * still gets comes from another replica.
 */
export const selfTest: FastifyPluginAsync<SelfTestOptions> = async (app, { isStopping }) => {
  app.post('/self-test', { bodyLimit: BODY_LIMIT }, async ({ body }) => {
    const { uid } = readReview(body)
    return isStopping() ? allow(uid) : deny(uid, 'the way from the API server to the guard works')
  })
}
