import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { unevaluated } from '../engine/decide.ts'
import type { Policy } from '../engine/to-findings.ts'
import { type AdmissionResponse, allow, toValidationResponse } from '../evaluator/admission-response.ts'
import { nowMs } from '../evaluator/clock.ts'
import type { DecisionRecord, Evaluator, MutationRecord, WebhookType } from '../evaluator/evaluator.ts'
import { budgetMs } from './budget.ts'
import { type Head, readHead } from './head.ts'
import { limitLoad } from './load-shedding.ts'
import type { Metrics } from './metrics.ts'

export interface AdmissionOptions {
  readonly evaluator: Pick<Evaluator, 'review'>
  /** Current policy for requests that are not evaluated. */
  readonly policy: () => Pick<Policy, 'unevaluated'>
  /** Namespace of the guard; its objects are admitted without evaluation. */
  readonly ownNamespace: string | undefined
  readonly metrics: Metrics
  readonly maxInFlight: number
}

/**
 * `POST /validate` and `POST /mutate`. Bodies are passed to the evaluation thread unparsed: parsing 8 MiB would delay
 * health checks.
 */
export const admission: FastifyPluginAsync<AdmissionOptions> = async (app, options) => {
  const { evaluator, policy, ownNamespace, metrics, maxInFlight } = options
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  limitLoad(app, maxInFlight, metrics.load)

  const admitUnevaluated = (
    webhook: WebhookType,
    { uid, operation, object }: Head,
    reason: string
  ): AdmissionResponse => {
    if (object.namespace === ownNamespace) return allow(uid)
    if (webhook === 'mutate') return allow(uid, [`Nothing was injected: ${reason}`])
    const decision = unevaluated(reason, policy())
    metrics.recordDecision(operation, object.kind, decision)
    return toValidationResponse(uid, decision)
  }

  const handle = (webhook: WebhookType) => async (request: FastifyRequest, reply: FastifyReply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : EMPTY
    const head = readHead(body)
    const flow = `${head.user} ${head.object.namespace}`
    const arrivedMs = nowMs() - reply.elapsedTime
    const outcome = await evaluator.review(webhook, body, { flow, arrivedMs, budgetMs: budgetMs(request) })
    if ('invalid' in outcome) return reply.code(400).send({ message: outcome.invalid })
    const trace = traceOf(request.headers)
    if ('unevaluated' in outcome) {
      request.log.warn({ ...head, ...trace, reason: outcome.unevaluated }, 'not evaluated')
      return admitUnevaluated(webhook, head, outcome.unevaluated)
    }
    if (outcome.record !== undefined) {
      const { event, ...record } = outcome.record
      count(metrics, outcome.record)
      request.log.info({ ...record, ...trace }, event)
    }
    return reply.type(JSON_TYPE).send(outcome.response)
  }
  app.post('/validate', handle('validate'))
  app.post('/mutate', handle('mutate'))
}

const EMPTY = Buffer.alloc(0)
const JSON_TYPE = 'application/json; charset=utf-8'

function count(metrics: Metrics, record: DecisionRecord | MutationRecord): void {
  if (record.event === 'mutation applied') metrics.recordMutation(record.added.length > 0)
  else metrics.recordDecision(record.operation, record.object.kind, record, record.seconds)
}

/**
 * Trace context of the request, if the API server sends one.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
function traceOf({ traceparent }: IncomingHttpHeaders): { readonly traceparent?: string } {
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? { traceparent } : {}
}

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
