import type { Kind } from '../../state/resource.ts'

/** Evaluation that was skipped, with the unreadable kinds. */
export interface Skip {
  readonly rule: string
  readonly missing: readonly Kind[]
  readonly reason: string
}

/** Reasons of a rule for the evaluations without a value. */
export function skipsOf(
  rule: string,
  evaluations: readonly { readonly skip?: Omit<Skip, 'rule'> | undefined }[]
): readonly Skip[] {
  return evaluations.flatMap(({ skip }) => (skip === undefined ? [] : [{ rule, ...skip }]))
}
