import { Counter, Histogram, Registry } from 'prom-client'
import type { Exceptions } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import { isUnevaluated, type Skip } from '../engine/incremental/not-evaluated.ts'
import type { DecisionRecord, Evaluator } from '../evaluator/evaluator.ts'
import { measureEvidence } from './cache-metrics.ts'
import { measureUpkeep, type Upkeep } from './controller-metrics.ts'
import { measureExceptions } from './exceptions.ts'
import { type Load, measureLoad } from './load-shedding.ts'

/** What we count, for Prometheus. */
export interface Metrics {
  readonly registry: Registry
  /** @param seconds where it was evaluated */
  readonly decided: (operation: string, kind: string, decision: Counted, seconds?: number) => void
  readonly mutated: (patched: boolean) => void
  readonly load: Load
}

type Counted = Pick<DecisionRecord, 'decision'> & {
  readonly findings: readonly Pick<Finding, 'rule' | 'mode'>[]
  readonly skipped: readonly Pick<Skip, 'rule' | 'exception'>[]
}

const NO_EXCEPTIONS: Exceptions = { active: [], expired: [] }

/** @param exceptions those of the configuration as it is now */
export function createMetrics(
  evaluator: Pick<Evaluator, 'health' | 'failures'>,
  upkeep?: () => Upkeep,
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
  const skipped = new Counter({
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
  const excepted = measureExceptions(registry, exceptions)
  measureEvidence(registry, evaluator)
  measureFailures(registers, evaluator)
  if (upkeep !== undefined) measureUpkeep(registry, upkeep)
  return {
    registry,
    decided: (operation, kind, decision, seconds) => {
      decisions.inc({ operation, kind, decision: decision.decision })
      for (const { rule, mode } of decision.findings) findings.inc({ rule, mode, decision: decision.decision })
      for (const { rule } of decision.skipped.filter(isUnevaluated)) skipped.inc({ rule })
      excepted(decision.skipped)
      if (seconds !== undefined) duration.observe(seconds)
    },
    load: measureLoad(registry),
    mutated: patched => mutations.inc({ patched: String(patched) })
  }
}

/** The evaluator counts; here it is only shown. */
function measureFailures(registers: Registry[], { failures }: Pick<Evaluator, 'failures'>): void {
  const show = (name: string, help: string, toTimes: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(toTimes())
      }
    })
  show(
    'mesh_guard_evaluation_timeouts_total',
    'Requests answered as not evaluated because evaluation took too long',
    () => failures().timeouts
  )
  show(
    'mesh_guard_evaluation_restarts_total',
    'Starts of the evaluation thread after the first: it hung, or failed',
    () => failures().restarts
  )
}
