import { memoize } from '../state/memoize.ts'
import { blockIndex } from '../text/cidr.ts'
import type { describePod } from './service-attributes.ts'

/** Address of a pod, and the part of the InferenceService that has it. Pods with equal labels have none: see `dedupePods`. */
export interface PodAddress {
  readonly place: string
  readonly address: string | undefined
}

type DescribedPod = ReturnType<typeof describePod>

export function addressesOf(pods: readonly DescribedPod[], templates: readonly string[]): readonly PodAddress[] {
  const known = new Map<string, PodAddress>()
  for (const { template, labels, address } of pods) {
    const key = JSON.stringify([template, labels])
    known.set(key, { place: `pod ${templates.indexOf(template)}`, address: known.has(key) ? undefined : address })
  }
  return [...known.values()]
}

const blockIndexOf = memoize(blockIndex)

/** Blocks that contain the address of each pod. An address that is in none differs from one that is not known. */
export function matchedBlocks(addresses: readonly PodAddress[], blocks: readonly string[]): readonly string[] {
  const containing = blockIndexOf(blocks)
  const matched = addresses.map(({ place, address }) =>
    address === undefined ? `${place} unknown` : `${place} ${containing(address).join()}`
  )
  return [...new Set(matched)].sort()
}
