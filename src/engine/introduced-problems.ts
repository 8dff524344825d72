import type { Found } from './checks.ts'
import type { Evaluation } from './evaluate.ts'

/** The problems of a state, beside those of an earlier one. */
export interface Problems {
  readonly found: readonly Found[]
  /** Problems that were there, and now concern one more InferenceService. */
  readonly widened: readonly Found[]
  /** Problems that were there, in namespaces where something has changed. */
  readonly oldFound: readonly Found[]
}

export function introducedProblems(before: Evaluation, after: Evaluation): Problems {
  const groups = { found: [] as Found[], widened: [] as Found[], oldFound: [] as Found[] }
  for (const [namespace, group] of after.groups) {
    const earlier = before.groups.get(namespace)
    if (earlier === group) continue
    const known = new Set(earlier === undefined ? [] : earlier.found.flatMap(keysOf))
    for (const one of group.found) {
      const [own, ...models] = keysOf(one)
      if (!known.has(own)) groups.found.push(one)
      else (models.some(key => !known.has(key)) ? groups.widened : groups.oldFound).push(one)
    }
  }
  return groups
}

/** All problems that checks have found in a state. */
export function allFound({ groups }: Evaluation): readonly Found[] {
  return [...groups.values()].flatMap(({ found }) => found)
}

/**
 * Two problems are the same when rule, object and field (whatever the index in a list) are. The first key is the
 * problem's own; the others are of the InferenceServices it concerns.
 */
function keysOf({ rule, subject, problem }: Found): readonly [string, ...string[]] {
  const { kind, namespace, name } = subject
  const own = [rule.id, kind, namespace, name, problem.field.replace(/\[\d+\]/g, '[]')].join(' ')
  return [own, ...(problem.models ?? []).map(model => `${own} ${model}`)]
}
