import { identityOf } from './finding-identity.ts'
import { groupBy } from './group.ts'
import type { Report, Reported, Source } from './report.ts'

/** Finding as a list of findings has it. */
export interface Listed {
  readonly finding: Reported
  /** Where the object at fault is defined, or else the change that introduces the finding; absent if no file has either. */
  readonly source: Source | undefined
  /** True if a change of `check` introduces it; a pre-existing finding does not influence the decision. */
  readonly isIntroduced: boolean
}

/** Findings that changes introduce or that a state has, then each pre-existing one that is not among them, once. */
export function listFindings({ steps, findings }: Pick<Report, 'steps' | 'findings'>): readonly Listed[] {
  const introduced = [
    ...findings.map(finding => ({ finding, source: finding.source, isIntroduced: true })),
    ...steps.flatMap(step =>
      step.findings.map(finding => ({ finding, source: finding.source ?? step.source, isIntroduced: true }))
    )
  ]
  const known = new Set(introduced.map(({ finding }) => identityOf(finding)))
  const existing = steps
    .flatMap(step => step.existing.map(finding => ({ finding, source: finding.source ?? step.source })))
    .filter(({ finding }) => !known.has(identityOf(finding)))
  const groups = groupBy(existing, ({ finding }) => identityOf(finding))
  return [...introduced, ...[...groups.values()].map(([first]) => ({ ...first, isIntroduced: false }))]
}

/**
 * What the decision makes of evaluations without a result: `deny` if it denies without a finding that does, which only
 * `unevaluated: deny` of the configuration explains.
 */
export function unevaluatedMode({ decision, steps, findings }: Report): 'deny' | 'warn' {
  const decided = steps.length > 0 ? steps : [{ decision, findings }]
  const isUnexplained = decided.some(
    one => one.decision === 'deny' && !one.findings.some(({ mode }) => mode === 'deny')
  )
  return isUnexplained ? 'deny' : 'warn'
}
