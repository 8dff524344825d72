import type { Evaluation } from './incremental/evaluate.ts'
import type { CheckResult } from './incremental/run-checks.ts'

/** Check results of a state, compared with those of an earlier state. */
export interface ProblemDiff {
  readonly found: readonly CheckResult[]
  /** Existing problems that affect an additional InferenceService. */
  readonly expandedScope: readonly CheckResult[]
  /** Existing problems, in namespaces that the change affects. */
  readonly preexistingFound: readonly CheckResult[]
}

export function diffProblems(before: Evaluation, after: Evaluation): ProblemDiff {
  const results = {
    found: [] as CheckResult[],
    expandedScope: [] as CheckResult[],
    preexistingFound: [] as CheckResult[]
  }
  for (const [namespace, evaluated] of after.namespaces) {
    const previous = before.namespaces.get(namespace)
    if (previous === evaluated) continue
    const known = new Set(previous === undefined ? [] : previous.found.flatMap(keysOf))
    for (const one of evaluated.found) {
      const [own, ...models] = keysOf(one)
      if (!known.has(own)) results.found.push(one)
      else (models.some(key => !known.has(key)) ? results.expandedScope : results.preexistingFound).push(one)
    }
  }
  return results
}

/** Check results of all namespaces. */
export function allFound({ namespaces }: Evaluation): readonly CheckResult[] {
  return [...namespaces.values()].flatMap(({ found }) => found)
}

/**
 * Problems are equal if rule, object and field (list indexes ignored) are equal. The first key identifies the problem,
 * the others the InferenceServices that it affects.
 */
function keysOf({ rule, subject, problem }: CheckResult): readonly [string, ...string[]] {
  const { kind, namespace, name } = subject
  const own = [rule.id, kind, namespace, name, problem.field.replace(/\[\d+\]/g, '[]')].join(' ')
  return [own, ...(problem.models ?? []).map(model => `${own} ${model}`)]
}
