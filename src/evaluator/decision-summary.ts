import type { Decision } from '../engine/decide.ts'
import type { DecisionRecord, FindingCount } from './evaluator.ts'

/** Fields of a decision for the log; messages are omitted, because their length is unbounded. */
export function summary({
  decision,
  findings,
  notEvaluated,
  suppressed
}: Decision): Pick<DecisionRecord, 'decision' | 'findings' | 'notEvaluated' | 'suppressed'> {
  return {
    decision,
    findings: findings.map(({ rule, mode, object }) => ({ rule, mode, object })),
    notEvaluated: notEvaluated.map(({ rule, missing }) => ({ rule, missing })),
    suppressed: suppressed.map(({ rule, exception }) => ({ rule, exception }))
  }
}

/** Number of findings of each rule and mode. */
export function countByRule({ findings }: Pick<Decision, 'findings'>): readonly FindingCount[] {
  const counts = new Map<string, FindingCount>()
  for (const { rule, mode } of findings) {
    const key = `${rule} ${mode}`
    counts.set(key, { rule, mode, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()]
}
