import type { InferenceService } from '../kserve/inference-service.ts'
import { plainTwin, plainTwinWithReplicas } from '../kserve/plain-twin.ts'
import { MUTATIONS } from '../mutations/index.ts'
import { pathsOf } from '../request/inference-service-paths.ts'
import type { Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import type { BlockedPath } from './diff.ts'
import { track } from './incremental/dependency-tracking.ts'
import { withIntents } from './mutate.ts'
import { comparePath } from './newly-blocked.ts'

/**
 * Marks the blocked paths of a new InferenceService that are blocked for its plain twin as well: existing objects are the
 * cause, and no setting of the model could prevent it. The twin is evaluated as it is, and with the replica bounds of the
 * model and the values that the mutating webhook would add.
 *
 * @param state before the InferenceService is created
 */
export function compareWithTwin(
  state: Snapshot,
  created: Resource,
  blocked: readonly BlockedPath[]
): readonly BlockedPath[] {
  if (created.kind !== 'InferenceService' || blocked.length === 0) return blocked
  const twin = plainTwin(created)
  const withTwin = state.apply({ operation: 'CREATE', after: twin })
  const { value: intents = [] } = track(withTwin, view => MUTATIONS.flatMap(mutation => mutation(view, twin)))
  const twins = [twin, ...(intents.length === 0 ? [] : [withIntents(plainTwinWithReplicas(created), intents)])]
  const pathsOfNew = (one: InferenceService) =>
    track(state.apply({ operation: 'CREATE', after: one }), view => pathsOf(view, one)).value ?? []
  const own = pathsOfNew(created)
  const ofTwins = twins.map(pathsOfNew).filter(paths => paths.length > 0)
  const isReachable = ({ path }: BlockedPath) =>
    ofTwins.some(ofTwin => comparePath(ofTwin, path, own).some(({ wasReachable }) => wasReachable))
  return blocked.map(one => (isReachable(one) ? one : { ...one, hasExistingCause: true }))
}
