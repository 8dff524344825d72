import { parseGoFloat } from '../text/go-float.ts'
import type { Labels } from '../text/selector.ts'

/** Both spellings are Knative's. Where both stand, the first one alone counts, whatever its value. */
export const BURST_CAPACITY_KEYS = [
  'autoscaling.knative.dev/target-burst-capacity',
  'autoscaling.knative.dev/targetBurstCapacity'
] as const

/** The spelling that KServe's and Knative's pages use. */
export const BURST_CAPACITY = BURST_CAPACITY_KEYS[1]

export interface BurstCapacity {
  readonly key: (typeof BURST_CAPACITY_KEYS)[number]
  readonly text: string
  /** Absent: Knative refuses the text. NaN and infinity are taken, and keep the activator on the path. */
  readonly value: number | undefined
}

/**
 * What Knative makes of a revision's annotations: -1 (activator always on the path), 0 (off it while pods run) or more.
 * @see knative serving pkg/apis/autoscaling/annotation_validation.go (validateFloats), register.go
 */
export function findBurstCapacity(annotations: Labels): BurstCapacity | undefined {
  for (const key of BURST_CAPACITY_KEYS) {
    const text = annotations[key]
    if (text === undefined) continue
    const value = parseGoFloat(text)
    return { key, text, value: value !== undefined && (value === -1 || !(value < 0)) ? value : undefined }
  }
  return undefined
}
