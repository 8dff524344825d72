import type { Kind, Ref } from '../model/resource.ts'
import type { HopName } from '../model/verdict.ts'
import type { Caller } from '../model/way.ts'
import type { Exposure, Fix, Mode, Severity } from '../rules/lib/rule.ts'

/** A path that is cut, and where. */
export interface PathCut extends Caller {
  /** `namespace/name`; absent where no single one is meant. */
  readonly inferenceService: string | undefined
  readonly hop: HopName
}

export interface ModelOpening {
  readonly inferenceService: string
  readonly what: Exposure
}

/** A problem with its rule, and all that it does. */
export interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly mode: Mode
  readonly object: Ref
  readonly field: string
  readonly message: string
  /** The command that prints the rule's page. */
  readonly docs: string
  readonly fix: Fix
  readonly cuts: readonly PathCut[]
  readonly opens: readonly ModelOpening[]
}

/** Is this about an object in the namespace, or about a model there? */
export function concernsNamespace({ object, cuts, opens }: Finding, namespace: string): boolean {
  const models = [...cuts, ...opens].map(({ inferenceService }) => inferenceService)
  return object.namespace === namespace || models.some(model => model?.startsWith(`${namespace}/`))
}

/** What could not be judged, and which kinds it would have taken; or what an exception keeps out of the judgement. */
export interface Skip {
  readonly rule: string
  readonly missing: readonly Kind[]
  readonly reason: string
  readonly exception?:
    | {
        readonly owner: string
        readonly expires: string
        /** One that has expired has no effect but to be told. */
        readonly state: 'in-force' | 'expired'
      }
    | undefined
}

/** Was something really left without a judgement? */
export const isUnevaluated = ({ exception }: Pick<Skip, 'exception'>) => exception === undefined
