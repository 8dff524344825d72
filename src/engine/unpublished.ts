import type { InferenceService } from '../kserve/inference-service.ts'
import { addressPattern, type PublicAddress, STATUS_URL } from '../kserve/public-address.ts'
import { type Publication, publicationOf } from '../kserve/publication.ts'
import { keepingDomain, lostAddresses, publishes, settingOf } from '../kserve/publication-change.ts'
import type { PublicationSetting } from '../kserve/publication-setting.ts'
import type { NotPublished } from '../request/failure.ts'
import { isOpen, type Path } from '../request/request-path.ts'
import { toRef } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { track } from './incremental/dependency-tracking.ts'

/** Paths to a model in one state. */
export interface EvaluatedModel {
  readonly snapshot: Snapshot
  readonly paths: readonly Path[]
}

/**
 * Blocked paths of external addresses that were open and that no controller publishes any more. If the owner of the model
 * caused it, the path is not expected.
 *
 * @param model in the state after the change
 */
export function unpublishedPaths(
  before: EvaluatedModel,
  after: EvaluatedModel,
  model: InferenceService | undefined
): readonly Path[] {
  const open = before.paths.filter(
    path => path.address !== undefined && isOpen(path) && !isPublished(after.paths, path)
  )
  if (model === undefined || open.length === 0) return []
  const { value: previous } = track(before.snapshot, view => view.get('InferenceService', model.namespace, model.name))
  const then = previous && publicationIn(before.snapshot, previous)
  const now = publicationIn(after.snapshot, model)
  if (previous === undefined || then === undefined || now === undefined) return []
  const isOpened = (address: PublicAddress) => open.some(path => path.address === addressPattern(previous, address))
  const unchanged = model === previous ? now : publicationIn(after.snapshot, previous)
  return lostAddresses(then, now)
    .filter(isOpened)
    .map(address => {
      const isByOwner = unchanged !== undefined && publishes(unchanged, address)
      const setting = isByOwner ? ownSetting(model, now) : settingOf(after.snapshot, now, address)
      return toPath(address, setting, keepingDomain(now, address), !isByOwner)
    })
}

/** True if a path has this address by configuration, not only by the status. */
function isPublished(paths: readonly Path[], { address }: Path): boolean {
  return paths.some(one => one.address === address && one.entry !== STATUS_URL)
}

function publicationIn(snapshot: Snapshot, model: InferenceService): Publication | undefined {
  return track(snapshot, view => publicationOf(view, model)).value
}

function ownSetting(model: InferenceService, { absent, addresses }: Publication): PublicationSetting {
  const reason = `the model is published as ${addresses[0]?.host}`
  return absent ?? { object: toRef(model), field: 'metadata', reason }
}

function toPath(
  { name: entry, host, path }: PublicAddress,
  setting: PublicationSetting,
  keptBy: string | undefined,
  expected: boolean
): Path {
  const failure: NotPublished = { cause: 'not-published', address: `${host}${path}`, setting, keptBy }
  const hops = [{ name: 'caller->ingress-gateway' as const, calls: [], failure }]
  return { caller: 'external', from: undefined, entry, activatorMode: undefined, hops, expected }
}
