import type { Kind } from '../../state/resource.ts'

/** Evaluation that was skipped, with the unreadable kinds. */
export interface Skip {
  readonly rule: string
  readonly missing: readonly Kind[]
  readonly reason: string
}
