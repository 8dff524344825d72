import type { InferenceService } from '../model/inference-service.ts'
import type { View } from '../model/snapshot.ts'
import type { PathKinds } from '../model/way.ts'

/** A value that an InferenceService should carry, if it has none. */
export interface Intent {
  readonly map: 'labels' | 'annotations'
  readonly key: string
  readonly value: string
  /** A value that is given up first where all of them together would cut. */
  readonly optional: boolean
}

/** Says what should be there; never edits. */
export type Mutation = (view: View<PathKinds>, service: InferenceService) => readonly Intent[]
