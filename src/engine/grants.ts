import { isOpen } from '../request/request-path.ts'
import { comparisons } from './diff.ts'
import type { Grant } from './finding.ts'
import { type Evaluation, modelKey } from './incremental/evaluate.ts'
import { comparePath } from './newly-blocked.ts'

/** Callers that reach a model in the second state and did not in the first, by the comparison that finds blocked paths. */
export function grantsOf(before: Evaluation, after: Evaluation): readonly Grant[] {
  const grants = new Map<string, Grant>()
  for (const { models, previous, running } of comparisons(before, after)) {
    const opened = running
      .filter(path => isOpen(path) && path.caller !== 'probe')
      .flatMap(path => comparePath(previous.paths, path, running))
      .flatMap(({ path, wasReachable }) => (wasReachable ? [] : path))
    for (const { caller, from } of opened)
      for (const inferenceService of models.map(modelKey)) {
        const grant = { inferenceService, caller, from }
        grants.set(JSON.stringify(grant), grant)
      }
  }
  return [...grants].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, grant]) => grant)
}
