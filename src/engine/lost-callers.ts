import { acceptsHbone } from '../istio/hbone.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import type { FailedHop, Failure } from '../request/hop.ts'
import { failedHopOf, isOpen, type Path } from '../request/request-path.ts'
import type { SidecarLoss } from '../request/sidecar-loss.ts'
import { memoize } from '../state/memoize.ts'
import { toRef } from '../state/resource.ts'
import { type Evaluation, modelKey } from './incremental/evaluate.ts'
import type { NamespaceEvaluation } from './incremental/namespace-evaluation.ts'

/**
 * Paths that callers with a sidecar can use now, and that their next pods, without a sidecar, cannot use any more: callers
 * without a sidecar are denied there.
 *
 * @param before paths that were about to be lost before are omitted, and so are models that did not exist
 */
export function lostCallerPaths(after: Evaluation, before?: Evaluation): readonly LostPath[] {
  return [...after.sidecarLosses.byNamespace].flatMap(([namespace, { value: loss }]) => {
    if (loss === undefined) return []
    const previousLoss = before?.sidecarLosses.byNamespace.get(namespace)?.value
    const lost = [...after.namespaces].flatMap(([name, evaluated]) => {
      const previous = before?.namespaces.get(name)
      // Nothing changed for these callers and these models.
      if (previous === evaluated && previousLoss !== undefined) return []
      const isNew = before === undefined ? () => true : newlyLost(previous, previousLoss)
      return lostIn(evaluated, loss).flatMap(({ models, ...path }) => {
        const found = models.filter(isNew)
        return found.length === 0 ? [] : [{ models: found, ...path }]
      })
    })
    return withCause(loss, lost)
  })
}

/** Path of one caller namespace to models with identical paths. */
export interface LostPath {
  readonly models: readonly InferenceService[]
  readonly path: Path
  readonly hop: FailedHop
}

function lostIn({ evaluations }: NamespaceEvaluation, loss: SidecarLoss): readonly LostPath[] {
  return [...evaluations.values()].flatMap(({ members, paths = [] }) => {
    const lost = findLost(paths, loss)
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
    return paths !== undefined && (loss === undefined || findLost(paths, loss) === undefined)
  }
}

const classesByModel = memoize(
  ({ evaluations }: NamespaceEvaluation) =>
    new Map([...evaluations.values()].flatMap(one => one.members.map(({ name }) => [name, one] as const)))
)

/** By InferenceService URL: calls of pods without a sidecar to the predictor host are not evaluated. */
function findLost(paths: readonly Path[], { namespace, ambient }: SidecarLoss): Omit<LostPath, 'models'> | undefined {
  const calls = paths.filter(({ entry }) => entry === 'address')
  for (const { caller, activatorMode, ...path } of calls) {
    const hop = caller === 'non-mesh' ? failedHopOf(path) : undefined
    if (hop === undefined || (ambient && isReachedByTunnel(hop.failure))) continue
    const isSameMode = (one: Path) => activatorMode === undefined || one.activatorMode === activatorMode
    const current = callsFrom(calls, namespace.name).find(one => isSameMode(one) && isOpen(one))
    if (current !== undefined) return { path: current, hop }
  }
  return undefined
}

/** Calls of the class of a namespace; a namespace without configuration of its own is in the class of any namespace. */
function callsFrom(calls: readonly Path[], namespace: string): readonly Path[] {
  const inMesh = calls.filter(({ caller }) => caller === 'in-mesh')
  const own = inMesh.filter(({ from }) => from?.includes(namespace))
  return own.length > 0 ? own : inMesh.filter(({ from }) => from === undefined)
}

/** True if ztunnel sends HBONE to the server that denies plaintext. */
function isReachedByTunnel(failure: Failure): boolean {
  if (!('server' in failure)) return false
  return acceptsHbone('at' in failure.server ? failure.server.workload : failure.server)
}

function withCause({ namespace, pod, ambient }: SidecarLoss, lost: readonly LostPath[]): readonly LostPath[] {
  const models = lost.flatMap(({ models }) => models.map(modelKey)).sort()
  return lost.map(({ models: some, path, hop }) => {
    const failure = { cause: 'sidecar-lost' as const, namespace, pod: toRef(pod), ambient, models }
    const failed: FailedHop = { ...hop, failure }
    return { models: some, path: { ...path, from: [namespace.name], hops: [failed] }, hop: failed }
  })
}
