import type { Caller } from '../request/caller.ts'
import type { HopName } from '../request/hop.ts'
import type { Exposure, Fix, Mode, Severity } from '../rules/lib/rule.ts'
import type { Kind, Ref } from '../state/resource.ts'

/** Reference to a blocked path and its failed hop. */
export interface BlockedPathRef extends Caller {
  /** `namespace/name`; absent if the path belongs to a control plane. */
  readonly inferenceService: string | undefined
  readonly hop: HopName
}

export interface ModelExposure {
  readonly inferenceService: string
  readonly what: Exposure
}

/** Problem with its rule and its effects. */
export interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly mode: Mode
  readonly object: Ref
  readonly field: string
  readonly message: string
  /** Command that prints the rule page. */
  readonly docs: string
  readonly fix: Fix
  readonly cuts: readonly BlockedPathRef[]
  readonly opens: readonly ModelExposure[]
}

/** True if the finding concerns an object or an InferenceService in the namespace. */
export function concernsNamespace({ object, cuts, opens }: Finding, namespace: string): boolean {
  const models = [...cuts, ...opens].map(({ inferenceService }) => inferenceService)
  return object.namespace === namespace || models.some(model => model?.startsWith(`${namespace}/`))
}

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
