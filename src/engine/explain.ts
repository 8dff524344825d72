import type { InferenceService } from '../model/inference-service.ts'
import { pathsOf } from '../model/path.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Cut } from '../model/verdict.ts'
import { cutHopOf, type Path } from '../model/way.ts'
import { type AttributedProblem, type Rules, ruleFor } from '../rules/lib/rule.ts'
import { PATHS } from './class-evaluation.ts'
import { track } from './dependency-tracking.ts'
import { modelKey } from './evaluate.ts'
import { except } from './exceptions.ts'
import type { Skip } from './finding.ts'
import { explainCuts, type Policy } from './findings.ts'
import { cutsOf } from './introduced.ts'
import { type Verdict, worst } from './judge.ts'

/** What the rule for its cause says of a cut: whose fault it is and what mends it, or why that cannot be told. */
export interface ExplainedCut {
  readonly rule: string
  readonly blame: AttributedProblem | undefined
  readonly skip: Skip | undefined
}

export interface ExplainedModel {
  /** `namespace/name` */
  readonly model: string
  readonly paths: readonly { readonly path: Path; readonly cut: ExplainedCut | undefined }[]
}

export interface Explained {
  /** What a check of these models alone would come to, by what their paths show. */
  readonly decision: Verdict
  readonly models: readonly ExplainedModel[]
  readonly skipped: readonly Skip[]
}

/** Follows every path of the InferenceServices that are wanted. */
export function explain(
  snapshot: Snapshot,
  isWanted: (service: InferenceService) => boolean,
  rules: Rules,
  policy: Policy
): Explained {
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
    paths: all.map(path => {
      const cut = explainCut(cutHopOf(path)?.cut, snapshot, rules)
      note(cut?.skip)
      return { path, cut }
    })
  }))
  const cuts = [...paths].flatMap(([service, all]) => cutsOf([service], all))
  const { findings, skipped: excepted } = except(
    explainCuts(cuts, snapshot, rules, policy).findings,
    snapshot,
    policy.exceptions
  )
  const skipped = [...skips.values(), ...excepted]
  return { decision: worst(findings, skipped, policy), models, skipped }
}

/** Asks the rule for the cause. */
export function explainCut(cut: Cut | undefined, snapshot: Snapshot, rules: Rules): ExplainedCut | undefined {
  if (cut === undefined) return undefined
  const rule = ruleFor(rules, cut)
  const { value: blame, skip } = track(snapshot, view => rule.explain(cut, view))
  return { rule: rule.id, blame, skip: skip && { rule: rule.id, ...skip } }
}
