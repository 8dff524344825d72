import type { InferenceService } from '../kserve/inference-service.ts'
import type { PathKinds } from '../request/caller.ts'
import type { View } from '../state/snapshot.ts'

/** Default value for a label or annotation of an InferenceService. An existing value takes precedence. */
export interface Intent {
  readonly map: 'labels' | 'annotations'
  readonly key: string
  readonly value: string
  /** True if the value is omitted first when all values together would block a path. */
  readonly optional: boolean
}

/** Computes the values that an InferenceService should have; does not change it. */
export type Mutation = (view: View<PathKinds>, service: InferenceService) => readonly Intent[]
