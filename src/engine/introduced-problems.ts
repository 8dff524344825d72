import type { Evaluation } from './evaluate.ts'
import type { CheckResult } from './run-checks.ts'

/** Check results of a state, compared with those of an earlier state. */
export interface Problems {
  readonly found: readonly CheckResult[]
  /** Existing problems that affect an additional InferenceService. */
  readonly widened: readonly CheckResult[]
  /** Existing problems, in namespaces that the change affects. */
  readonly oldFound: readonly CheckResult[]
}

export function introducedProblems(before: Evaluation, after: Evaluation): Problems {
  const groups = { found: [] as CheckResult[], widened: [] as CheckResult[], oldFound: [] as CheckResult[] }
  for (const [namespace, evaluated] of after.namespaces) {
    const previous = before.namespaces.get(namespace)
    if (previous === evaluated) continue
    const known = new Set(previous === undefined ? [] : previous.found.flatMap(keysOf))
    for (const one of evaluated.found) {
      const [own, ...models] = keysOf(one)
      if (!known.has(own)) groups.found.push(one)
      else (models.some(key => !known.has(key)) ? groups.widened : groups.oldFound).push(one)
    }
  }
  return groups
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
