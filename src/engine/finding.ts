import type { Caller } from '../request/caller.ts'
import type { HopName } from '../request/hop.ts'
import type { Category, Exposure, Fix, Mode } from '../rules/lib/rule.ts'
import { namespaceOf, type Ref } from '../state/resource.ts'

/** Reference to a blocked path and its failed hop. */
export interface BlockedPathRef extends Caller {
  /** `namespace/name`; absent if the path belongs to a control plane. */
  readonly inferenceService: string | undefined
  readonly hop: HopName
}

/** Caller class that a fix lets through to an InferenceService, and that did not get through before the change. */
export interface Grant extends Caller {
  /** `namespace/name` */
  readonly inferenceService: string
}

export interface ModelExposure {
  readonly inferenceService: string
  readonly what: Exposure
}

/** Follows from the category. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

export const SEVERITIES: Readonly<Record<Category, Severity>> = {
  outage: 'critical',
  'latent-outage': 'high',
  exposure: 'medium',
  ineffective: 'low',
  style: 'info'
}

/** Problem with its rule and its effects. */
export interface Finding {
  readonly rule: string
  readonly category: Category
  readonly severity: Severity
  readonly mode: Mode
  readonly object: Ref
  readonly field: string
  readonly message: string
  /** What users see; backticks mark what logs contain. */
  readonly symptom: string
  /** Address of the rule page. */
  readonly docs: string
  readonly fix: Fix & { readonly grants?: readonly Grant[] }
  readonly blocked: readonly BlockedPathRef[]
  readonly exposes: readonly ModelExposure[]
}

/** True if the finding concerns an object or an InferenceService in the namespace. */
export function concernsNamespace({ object, blocked, exposes }: Finding, namespace: string): boolean {
  const models = [...blocked, ...exposes].map(({ inferenceService }) => inferenceService)
  return namespaceOf(object) === namespace || models.some(model => model?.startsWith(`${namespace}/`))
}
