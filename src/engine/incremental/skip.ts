import type { Kind } from '../../state/resource.ts'
import type { Snapshot } from '../../state/snapshot.ts'

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

/** The skip with the reasons why its kinds are unreadable in this state: they can differ while the kinds are the same. */
export function withCurrentReason<T extends Omit<Skip, 'rule'>>(
  skip: T,
  { unreadable }: Pick<Snapshot, 'unreadable'>
): T {
  if (skip.missing.length === 0) return skip
  return { ...skip, reason: skip.missing.map(kind => `${kind}: ${unreadable.get(kind)}`).join('; ') }
}
