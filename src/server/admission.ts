import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyPluginAsync } from 'fastify'
import type { Policy } from '../engine/findings.ts'
import { type Decision, judge, type Memory, unevaluated } from '../engine/judge.ts'
import { mutate } from '../engine/mutate.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Rules } from '../rules/rule.ts'
import type { StateSource } from '../sources/source.ts'
import { toAdmission, toPatch, toVerdict } from './answer.ts'
import { summarizeEvidence } from './evidence.ts'
import { limitLoad } from './load.ts'
import type { Metrics } from './metrics.ts'
import { type Review, readReview } from './review.ts'

export interface AdmissionOptions {
  /** The newest snapshot. Called once a request, so that one answer never mixes two moments. */
  readonly current: () => Snapshot
  /** How good the evidence is that decisions rest on. */
  readonly health: StateSource['health']
  readonly rules: Rules
  /** What holds now: exceptions expire, and the configuration may change. Called once a request. */
  readonly policy: () => Policy
  /** Our own namespace, in which nothing is ever judged. */
  readonly ownNamespace: string | undefined
  readonly metrics: Metrics
  readonly maxInFlight: number
  /** Of states by these rules; others that judge by them may share it. */
  readonly memory: Memory
}

/** `POST /validate`: does this change cut a path that works now? `POST /mutate`: what does policy add to it? */
export const admission: FastifyPluginAsync<AdmissionOptions> = async (app, options) => {
  const { current, health, rules, ownNamespace, metrics, memory } = options
  limitLoad(app, options.maxInFlight, metrics.load)

  const decide = ({ change, fault, object }: Review): Decision => {
    const policy = options.policy()
    if (fault !== undefined) return unevaluated(fault, policy)
    if (change === undefined || object.namespace === ownNamespace) return unevaluated(undefined, policy)
    return judge(current(), change, rules, policy, memory)
  }

  app.post('/validate', async ({ body, headers, log }) => {
    const started = performance.now()
    const review = readReview(body)
    const decision = decide(review)
    const seconds = (performance.now() - started) / 1000
    const { uid, operation, dryRun, object } = review
    metrics.decided(operation, object.kind, decision, seconds)
    const evidence = summarizeEvidence(health())
    log.info(
      { uid, ...traceOf(headers), operation, dryRun, object, ...summary(decision), seconds, evidence },
      'admission decision'
    )
    return toVerdict(uid, decision)
  })

  app.post('/mutate', async ({ body, headers, log }) => {
    const { uid, operation, dryRun, object, change, sent } = readReview(body)
    if (change === undefined || object.namespace === ownNamespace) return toAdmission(uid)
    const mutated = mutate(current(), change, sent, rules)
    const { patch, notes } = mutated
    metrics.mutated(patch.length > 0)
    const evidence = summarizeEvidence(health())
    const added = patch.map(({ path }) => path)
    log.info({ uid, ...traceOf(headers), operation, dryRun, object, added, notes, evidence }, 'mutation applied')
    return toPatch(uid, mutated)
  })
}

/**
 * The trace that the question belongs to, where the API server traces.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
function traceOf({ traceparent }: IncomingHttpHeaders): { readonly traceparent?: string } {
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? { traceparent } : {}
}

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** What a log line says of a decision: no objects, no messages of unbounded length. */
function summary({ decision, findings, skipped }: Decision): object {
  return {
    decision,
    findings: findings.map(({ rule, mode, object }) => ({ rule, mode, object })),
    skipped: skipped.map(({ rule, missing, exception }) => ({ rule, missing, exception }))
  }
}
