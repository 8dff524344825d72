import { type BlockedPath, blockedPathsOf, ofCallers, toBlockedPaths } from './diff.ts'
import type { Evaluation } from './incremental/evaluate.ts'
import { lostCallers } from './lost-callers.ts'
import { newlyBlocked } from './newly-blocked.ts'

/** Every blocked path of a state. */
export function allBlocked({ namespaces, controlPlane }: Evaluation): readonly BlockedPath[] {
  const classes = [...namespaces.values()].flatMap(({ evaluations }) => [...evaluations.values()])
  return [
    ...blockedPathsOf([], controlPlane.value),
    ...classes.flatMap(({ members, paths }) => blockedPathsOf(members, paths))
  ]
}

/** Every path of a state that will be blocked after the next rollout, of a model or of its callers. */
export function allLatent(evaluation: Evaluation): readonly BlockedPath[] {
  const classes = [...evaluation.namespaces.values()].flatMap(({ evaluations }) => [...evaluations.values()])
  const ofModels = classes.flatMap(({ members, paths, next }) =>
    paths === undefined || next === undefined ? [] : toBlockedPaths(members, newlyBlocked(paths, next), next)
  )
  return [...ofModels, ...lostCallers(evaluation).map(ofCallers)]
}
