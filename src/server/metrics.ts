import { Counter, Histogram, Registry } from 'prom-client'
import type { Exceptions, Suppression } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import type { DecisionRecord, Evaluator } from '../evaluator/evaluator.ts'
import type { ControllerStatus } from '../report/controller-status.ts'
import { registerCacheMetrics } from './cache-metrics.ts'
import { registerControllerMetrics } from './controller-metrics.ts'
import { registerExceptionMetrics } from './exceptions.ts'
import { type LoadMetrics, registerLoadMetrics } from './load-shedding.ts'

/** Prometheus metrics of the webhook. */
export interface Metrics {
  readonly registry: Registry
  /** @param seconds duration; undefined if the change was not evaluated */
  readonly recordDecision: (operation: string, kind: string, decision: CountedDecision, seconds?: number) => void
  readonly recordMutation: (patched: boolean) => void
  readonly load: LoadMetrics
}

type CountedDecision = Pick<DecisionRecord, 'decision'> & {
  readonly findings: readonly Pick<Finding, 'rule' | 'mode'>[]
  readonly notEvaluated: readonly Pick<Skip, 'rule'>[]
  readonly suppressed: readonly Pick<Suppression, 'rule' | 'exception'>[]
}

const NO_EXCEPTIONS: Exceptions = { active: [], expired: [] }

/** @param exceptions of the active configuration */
export function createMetrics(
  evaluator: Pick<Evaluator, 'health' | 'failures'>,
  controllerStatus?: () => ControllerStatus,
  exceptions: () => Exceptions = () => NO_EXCEPTIONS
): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const decisions = new Counter({
    name: 'mesh_guard_decisions_total',
    help: 'Changes evaluated, by operation, kind and decision',
    labelNames: ['operation', 'kind', 'decision'],
    registers
  })
  const findings = new Counter({
    name: 'mesh_guard_findings_total',
    help: 'Findings introduced by changes, by rule, mode and decision about the change',
    labelNames: ['rule', 'mode', 'decision'],
    registers
  })
  const notEvaluated = new Counter({
    name: 'mesh_guard_unevaluated_total',
    help: 'Rules that could not be evaluated for a change, by rule',
    labelNames: ['rule'],
    registers
  })
  const duration = new Histogram({
    name: 'mesh_guard_decision_duration_seconds',
    help: 'Time to evaluate a change, in seconds',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers
  })
  const mutations = new Counter({
    name: 'mesh_guard_mutations_total',
    help: 'Mutation requests for InferenceServices, by whether the answer has a patch',
    labelNames: ['patched'],
    registers
  })
  const countExceptionUses = registerExceptionMetrics(registry, exceptions)
  registerCacheMetrics(registry, evaluator)
  registerEvaluationMetrics(registers, evaluator)
  if (controllerStatus !== undefined) registerControllerMetrics(registry, controllerStatus)
  return {
    registry,
    recordDecision: (operation, kind, decision, seconds) => {
      decisions.inc({ operation, kind, decision: decision.decision })
      for (const { rule, mode } of decision.findings) findings.inc({ rule, mode, decision: decision.decision })
      for (const { rule } of decision.notEvaluated) notEvaluated.inc({ rule })
      countExceptionUses(decision.suppressed)
      if (seconds !== undefined) duration.observe(seconds)
    },
    load: registerLoadMetrics(registry),
    recordMutation: patched => mutations.inc({ patched: String(patched) })
  }
}

/** Exports counters that the evaluator keeps. */
function registerEvaluationMetrics(registers: Registry[], { failures }: Pick<Evaluator, 'failures'>): void {
  const exportCounter = (name: string, help: string, toTimes: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(toTimes())
      }
    })
  exportCounter(
    'mesh_guard_evaluation_timeouts_total',
    'Requests answered as not evaluated because evaluation took too long',
    () => failures().timeouts
  )
  exportCounter(
    'mesh_guard_evaluation_restarts_total',
    'Starts of the evaluation thread after the first: it hung, or failed',
    () => failures().restarts
  )
  exportCounter(
    'mesh_guard_sample_compared_total',
    'On the leader: InferenceServices that audits have also evaluated by themselves',
    () => failures().sample.compared
  )
  exportCounter(
    'mesh_guard_sample_disagreements_total',
    'On the leader: InferenceServices of samples whose result differed from their evaluation by themselves',
    () => failures().sample.disagreements
  )
}
