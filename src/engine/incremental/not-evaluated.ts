import type { Kind } from '../../state/resource.ts'

/** Evaluation that was skipped, with the unreadable kinds; or finding that an exception suppresses. */
export interface Skip {
  readonly rule: string
  readonly missing: readonly Kind[]
  readonly reason: string
  readonly exception?:
    | {
        readonly owner: string
        readonly expires: string
        /** An expired exception suppresses nothing and is only reported. */
        readonly state: 'in-force' | 'expired'
      }
    | undefined
}

/** True if something was not evaluated; false if an exception suppresses a finding. */
export const isUnevaluated = ({ exception }: Pick<Skip, 'exception'>) => exception === undefined
