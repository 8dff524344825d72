import type { InferenceService } from '../kserve/inference-service.ts'
import { publicationOf } from '../kserve/publication.ts'
import type { PublicationSetting } from '../kserve/publication-setting.ts'
import type { Failure } from '../request/failure.ts'
import { pathsOf } from '../request/inference-service-paths.ts'
import { llmInferenceServicePaths } from '../request/llm-inference-service-paths.ts'
import { failedHopOf, type Path } from '../request/request-path.ts'
import { explainBy } from '../rules/lib/explain-by.ts'
import { type AttributedProblem, type Rules, ruleFor } from '../rules/lib/rule.ts'
import type { Ref } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { type AdmissionDecision, mostSevere } from './decide.ts'
import { blockedPathsOf } from './diff.ts'
import { applyExceptions, type Suppression } from './exceptions.ts'
import type { Grant } from './finding.ts'
import { grantFinder } from './fix-grants.ts'
import type { ManifestReader } from './fix-proof.ts'
import { PATHS } from './incremental/class-evaluation.ts'
import { track } from './incremental/dependency-tracking.ts'
import { modelKey } from './incremental/evaluate.ts'
import type { Skip } from './incremental/skip.ts'
import { type Policy, toPathFindings } from './to-findings.ts'
import { toSkips, toUnknownPaths } from './unevaluated.ts'

/** Problem that the rule for the cause attributes to an object, with its fix, or why the rule was skipped. */
export interface ExplainedFailure {
  readonly rule: string
  /** What users see. */
  readonly symptom: string
  readonly problem: AttributedProblem | undefined
  readonly skip: Skip | undefined
  /** Callers that the fix lets through to the model; absent if not evaluated. */
  readonly grants?: readonly Grant[]
}

export interface ExplainedModel {
  /** `namespace/name` */
  readonly model: string
  readonly paths: readonly { readonly path: Path; readonly failure: ExplainedFailure | undefined }[]
  /** Setting by which the model has no external address. */
  readonly unpublished: PublicationSetting | undefined
}

export interface Explained {
  /** Decision about the blocked paths of these models. */
  readonly decision: AdmissionDecision
  readonly models: readonly ExplainedModel[]
  readonly notEvaluated: readonly Skip[]
  readonly suppressed: readonly Suppression[]
}

/**
 * Evaluates every path of the selected InferenceServices, and lists the selected LLMInferenceServices as not evaluated.
 *
 * @param read converts the manifests of fixes; without it, callers that a fix lets through are not known
 */
export function explain(
  snapshot: Snapshot,
  isWanted: (service: Pick<Ref, 'namespace' | 'name'>) => boolean,
  rules: Rules,
  policy: Policy,
  read: ManifestReader = () => undefined
): Explained {
  const grantsOf = grantFinder(snapshot, rules, read)
  const skips = new Map<string, Skip>()
  const note = (skip: Skip | undefined) => {
    if (skip !== undefined) skips.set(JSON.stringify(skip), skip)
  }
  const listed = track(snapshot, view => view.list('InferenceService'))
  note(listed.skip && { rule: PATHS, ...listed.skip })
  const services = (listed.value ?? []).filter(isWanted)
  const paths = new Map<InferenceService, readonly Path[]>()
  for (const service of services) {
    const { value, skip } = track(snapshot, view => pathsOf(view, service))
    note(skip && { rule: PATHS, ...skip })
    if (value !== undefined) paths.set(service, value)
  }
  const models = [...paths].map(([service, all]) => ({
    model: modelKey(service),
    unpublished: track(snapshot, view => publicationOf(view, service)).value?.absent,
    paths: all.map(path => {
      const failure = explainFailure(failedHopOf(path)?.failure, snapshot, rules)
      note(failure?.skip)
      const grants = failure?.problem === undefined ? [] : grantsOf(failure.problem.fix, modelKey(service))
      return { path, failure: failure && { ...failure, grants } }
    })
  }))
  const blocked = [...paths].flatMap(([service, all]) => blockedPathsOf([service], all))
  const { findings, suppressed } = applyExceptions(
    toPathFindings(blocked, snapshot, rules, policy).findings,
    snapshot,
    policy.exceptions
  )
  const llmPaths = track(snapshot, view => llmInferenceServicePaths(view, isWanted))
  note(llmPaths.skip && { rule: PATHS, ...llmPaths.skip })
  const skipped = [...skips.values()]
  const notEvaluated = [...skipped, ...toSkips(toUnknownPaths([], llmPaths.value ?? []))]
  return { decision: mostSevere(findings, skipped, policy), models, notEvaluated, suppressed }
}

/** Explains a failure by the rule for its cause. */
export function explainFailure(failure: Failure, snapshot: Snapshot, rules: Rules): ExplainedFailure
export function explainFailure(
  failure: Failure | undefined,
  snapshot: Snapshot,
  rules: Rules
): ExplainedFailure | undefined
export function explainFailure(
  failure: Failure | undefined,
  snapshot: Snapshot,
  rules: Rules
): ExplainedFailure | undefined {
  if (failure === undefined) return undefined
  const rule = ruleFor(rules, failure)
  const { value, skip } = track(snapshot, explainBy(rule, failure))
  const { problem, symptom } = value ?? { problem: undefined, symptom: rule.symptom }
  return { rule: rule.id, symptom, problem, skip: skip && { rule: rule.id, ...skip } }
}
