import type { InferenceService } from '../kserve/inference-service.ts'
import { pathsOf } from '../request/inference-service-paths.ts'
import type { Path } from '../request/request-path.ts'
import type { View } from '../state/snapshot.ts'
import { type Evaluation, modelKey } from './incremental/evaluate.ts'

/**
 * Reference for the evaluation of a state: the paths of one model by itself in the whole state, without equivalence classes, normal
 * forms or results that are kept.
 */
export function evaluateAfresh(view: View, service: InferenceService): readonly Path[] {
  return pathsOf(view, service)
}

/** What a path leads to, without the names of the model: equal for the members of an equivalence class. */
export function resultOf({ caller, from, entry, activatorMode, revision, expected, hops, unknown, unevaluated }: Path) {
  return {
    caller,
    from,
    entry,
    activatorMode,
    revision,
    expected,
    inputs: unknown,
    unevaluated,
    hops: hops.map(({ name, failure, unknown }) => [name, failure?.cause, unknown])
  }
}

/** Models that were evaluated by themselves as well, and those of them with another result. */
export interface Sample {
  readonly compared: number
  readonly disagreements: readonly string[]
}

/**
 * Compares models, chosen at random, with their reference, until the time is up.
 *
 * @param isOver true when no further model is to be compared
 * @param random from 0 up to 1
 */
export function compareSample(
  { snapshot, namespaces }: Pick<Evaluation, 'snapshot' | 'namespaces'>,
  isOver: () => boolean,
  random: () => number = Math.random
): Sample {
  const evaluated = [...namespaces.values()].flatMap(({ evaluations }) =>
    [...evaluations.values()].flatMap(({ members, paths }) => (paths === undefined ? [] : { members, paths }))
  )
  const disagreements: string[] = []
  let compared = 0
  while (compared < evaluated.length && !isOver()) {
    const { members, paths } = pick(evaluated, random)
    const model = pick(members, random)
    const reference = evaluateAfresh(snapshot, model)
    if (textOf(paths) !== textOf(reference)) disagreements.push(modelKey(model))
    compared += 1
  }
  return { compared, disagreements }
}

const textOf = (paths: readonly Path[]) => JSON.stringify(paths.map(resultOf))

/** @param all not empty */
const pick = <T>(all: readonly T[], random: () => number) => all[Math.floor(random() * all.length)] as T
