import { pathsOf } from '../../src/request/inference-service-paths.ts'
import { failedHopOf, type Path } from '../../src/request/request-path.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'

/** Request paths to a model, one line each: caller, entry, activator mode, hops, and the failure or unknown reason. */
export function pathsTo(state: Snapshot, name: string, namespace = 'user1'): readonly string[] {
  return evaluatedPaths(state, name, namespace).map(describePath)
}

function evaluatedPaths(state: Snapshot, name: string, namespace: string): readonly Path[] {
  const model = state.get('InferenceService', namespace, name)
  if (model === undefined) throw new Error(`no model ${name}`)
  return pathsOf(state, model)
}

export function describePath(path: Path): string {
  const { caller, from, entry, activatorMode, revision, hops } = path
  const unknown = hops.at(-1)?.unknown
  const words = [
    caller,
    from && `(${from})`,
    entry,
    activatorMode,
    revision,
    hops.map(({ name }) => name).join(', '),
    failedHopOf(path)?.failure.cause,
    unknown && `unknown: ${unknown.reason}`
  ]
  return words.filter(word => word !== undefined).join(' ')
}

/** Reasons why paths to a model are unknown, without duplicates. */
export function unknownReasons(state: Snapshot, name: string, namespace = 'user1'): readonly string[] {
  return [...new Set(evaluatedPaths(state, name, namespace).flatMap(({ unknown }) => unknown?.reason ?? []))]
}
