import { llmInferenceServicePaths } from '../request/llm-inference-service-paths.ts'
import { type CallerWorkload, runningCallers } from '../request/running-callers.ts'
import type { Rules } from '../rules/lib/rule.ts'
import type { Ref } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { type AccessContext, accessToModel, type ModelAccess } from './access-to-model.ts'
import { type AdmissionDecision, mostSevere } from './decide.ts'
import { blockedPathsOf } from './diff.ts'
import { applyExceptions, type Suppression } from './exceptions.ts'
import { PATHS } from './incremental/class-evaluation.ts'
import { track } from './incremental/dependency-tracking.ts'
import { dedupe, modelKey } from './incremental/evaluate.ts'
import { type Skip, skipsOf } from './incremental/skip.ts'
import { type Policy, toPathFindings } from './to-findings.ts'
import { toSkips, toUnknownPaths } from './unevaluated.ts'

/** Which running workloads can call which models. */
export interface Access {
  /** Decision about the blocked paths. */
  readonly decision: AdmissionDecision
  readonly workloads: readonly CallerWorkload[]
  readonly models: readonly ModelAccess[]
  readonly notEvaluated: readonly Skip[]
  readonly suppressed: readonly Suppression[]
}

/**
 * Evaluates the calls of every running workload to the selected InferenceServices, and lists the selected
 * LLMInferenceServices as not evaluated.
 */
export function access(
  snapshot: Snapshot,
  isWanted: (service: Pick<Ref, 'namespace' | 'name'>) => boolean,
  rules: Rules,
  policy: Policy
): Access {
  const callers = track(snapshot, runningCallers)
  const listed = track(snapshot, view => view.list('InferenceService').filter(isWanted))
  const context: AccessContext = { snapshot, rules, callers: callers.value ?? [] }
  const evaluated = (listed.value ?? []).map(service => track(snapshot, view => accessToModel(context, view, service)))
  const models = evaluated.flatMap(({ value }) => value ?? [])
  const blocked = models.flatMap(({ service, calls }) =>
    blockedPathsOf(
      [service],
      calls.flatMap(({ paths }) => paths.map(({ path }) => path))
    )
  )
  const found = toPathFindings(blocked, snapshot, rules, policy)
  const { findings, suppressed } = applyExceptions(found.findings, snapshot, policy.exceptions)
  const llmPaths = track(snapshot, view => llmInferenceServicePaths(view, isWanted))
  const skipped = dedupe([...skipsOf(PATHS, [callers, listed, ...evaluated, llmPaths]), ...found.skipped])
  return {
    decision: mostSevere(findings, skipped, policy),
    workloads: context.callers.flatMap(one => one.workloads).sort(byName),
    models,
    notEvaluated: [...skipped, ...toSkips(toUnknownPaths([], llmPaths.value ?? []))],
    suppressed
  }
}

function byName(a: CallerWorkload, b: CallerWorkload): number {
  return modelKey(a) < modelKey(b) ? -1 : 1
}
