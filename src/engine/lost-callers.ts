import type { InferenceService } from '../kserve/inference-service.ts'
import { findLostPath, type LostPath } from '../request/lost-path.ts'
import type { SidecarLoss } from '../request/sidecar-loss.ts'
import { memoize } from '../state/memoize.ts'
import { toRef } from '../state/resource.ts'
import type { Members } from './incremental/equivalence-classes.ts'
import { type Evaluation, modelKey } from './incremental/evaluate.ts'
import type { NamespaceEvaluation } from './incremental/namespace-evaluation.ts'

/** Lost path of models with identical paths. */
export interface LostModels extends LostPath {
  readonly models: Members
}

/** Maximum number of models that a finding lists for one namespace of callers; the message has the number of all. */
export const MAX_LISTED = 100

/**
 * Paths that callers lose when they restart without their sidecars.
 *
 * @param before paths that were about to be lost before are omitted, and so are models that did not exist
 */
export function lostCallers(after: Evaluation, before?: Evaluation): readonly LostModels[] {
  return [...after.sidecarLosses.byNamespace].flatMap(([namespace, { value: loss }]) => {
    if (loss === undefined) return []
    const previousLoss = before?.sidecarLosses.byNamespace.get(namespace)?.value
    const lost = [...after.namespaces].flatMap(([name, evaluated]) => {
      const previous = before?.namespaces.get(name)
      if (before === undefined) return lostIn(evaluated, loss)
      // Nothing changed for these callers and these models.
      if (previous === evaluated && previousLoss !== undefined) return []
      return lostIn(evaluated, loss).flatMap(one => {
        const [first, ...others] = one.models.filter(newlyLost(previous, previousLoss))
        return first === undefined ? [] : [{ ...one, models: [first, ...others] as const }]
      })
    })
    return withCause(loss, lost)
  })
}

function lostIn({ evaluations }: NamespaceEvaluation, loss: SidecarLoss): readonly LostModels[] {
  return [...evaluations.values()].flatMap(({ members, paths = [] }) => {
    const lost = findLostPath(paths, loss)
    return lost === undefined ? [] : [{ models: members, ...lost }]
  })
}

/** Whether a model existed and could be evaluated, and its callers were not about to lose it. */
function newlyLost(
  previous: NamespaceEvaluation | undefined,
  loss: SidecarLoss | undefined
): (model: InferenceService) => boolean {
  const classes = previous && classesByModel(previous)
  return ({ name }) => {
    const paths = classes?.get(name)?.paths
    return paths !== undefined && (loss === undefined || findLostPath(paths, loss) === undefined)
  }
}

const classesByModel = memoize(
  ({ evaluations }: NamespaceEvaluation) =>
    new Map([...evaluations.values()].flatMap(one => one.members.map(({ name }) => [name, one] as const)))
)

/** Names the namespace as the cause, in place of what denies its callers, and limits the number of models. */
function withCause({ namespace, pod, ambient }: SidecarLoss, lost: readonly LostModels[]): readonly LostModels[] {
  const count = lost.reduce((sum, { models }) => sum + models.length, 0)
  const cause = { cause: 'sidecar-lost' as const, namespace, pod: toRef(pod), ambient, count }
  return listed(lost).map(({ models, path, hop }) => {
    const failed = { ...hop, failure: { ...cause, model: modelKey(models[0]) } }
    return { models, path: { ...path, from: [namespace.name], hops: [failed] }, hop: failed }
  })
}

/** The first models; evaluations are in order of names. */
function listed(lost: readonly LostModels[]): readonly LostModels[] {
  const some: LostModels[] = []
  let free = MAX_LISTED
  for (const one of lost) {
    if (free <= 0) break
    const [first, ...others] = one.models
    some.push({ ...one, models: [first, ...others.slice(0, free - 1)] })
    free -= one.models.length
  }
  return some
}
