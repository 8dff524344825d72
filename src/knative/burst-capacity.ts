import { parseGoFloat } from '../text/go-float.ts'
import type { Labels } from '../text/selector.ts'

/** Annotation keys of targetBurstCapacity. If both are set, only the first takes effect, whatever its value. */
export const BURST_CAPACITY_KEYS = [
  'autoscaling.knative.dev/target-burst-capacity',
  'autoscaling.knative.dev/targetBurstCapacity'
] as const

/** Key in the documentation of KServe and Knative. */
export const BURST_CAPACITY = BURST_CAPACITY_KEYS[1]

export interface BurstCapacity {
  readonly key: (typeof BURST_CAPACITY_KEYS)[number]
  readonly text: string
  /** Absent if Knative rejects the text. It accepts NaN and infinity, which keep the activator on the path. */
  readonly value: number | undefined
}

/**
 * targetBurstCapacity of a revision: -1 (activator always on the path), 0 (off it while pods run) or more.
 * @see knative serving 1.23 pkg/apis/autoscaling/annotation_validation.go (validateFloats), register.go
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
