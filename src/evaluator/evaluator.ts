import type { AdmissionDecision } from '../engine/decide.ts'
import type { Suppression } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import type { ReportApi, WantedReport } from '../report/openreports.ts'
import type { KindHealth } from '../sources/source.ts'
import type { Ref } from '../state/resource.ts'

/** Which webhook is called. */
export type Question = 'validate' | 'mutate'

/** What was reviewed, and how well the state was known then: for log and metrics. */
interface Reviewed {
  readonly uid: string
  readonly operation: string
  readonly dryRun: boolean
  readonly object: Ref
  readonly evidence: object
}

export interface Decided extends Reviewed {
  readonly event: 'admission decision'
  readonly decision: AdmissionDecision
  readonly findings: readonly Pick<Finding, 'rule' | 'mode' | 'object'>[]
  readonly notEvaluated: readonly Pick<Skip, 'rule' | 'missing'>[]
  readonly suppressed: readonly Pick<Suppression, 'rule' | 'exception'>[]
  readonly seconds: number
}

export interface Mutated extends Reviewed {
  readonly event: 'mutation applied'
  /** Paths of what is added. */
  readonly added: readonly string[]
  readonly notes: readonly string[]
}

/** What became of a request. */
export type Outcome =
  /** The response of an AdmissionReview, as JSON. There is no record of what is not evaluated by design. */
  | { readonly answer: string; readonly record: Decided | Mutated | undefined }
  /** The body is no AdmissionReview. */
  | { readonly fault: string }
  /** Why there is no answer. */
  | { readonly unevaluated: string }

export interface Limits {
  /** Flows take turns, so that none waits for all requests of another. */
  readonly flow: string
  /** On the clock of `clock.ts`. */
  readonly arrivedMs: number
  /** So long after its arrival a request is answered at latest. */
  readonly budgetMs: number
}

export interface FindingCount {
  readonly rule: string
  readonly mode: string
  readonly count: number
}

/** The findings in the current state. */
export interface Audit {
  readonly findings: readonly FindingCount[]
  /** Its reports, in pages of which each is short work to receive. */
  readonly reports: (api: ReportApi, home: string) => AsyncIterable<readonly WantedReport[]>
}

/** How often something went wrong since the start. */
export interface Failures {
  readonly timeouts: number
  readonly restarts: number
}

/**
 * Evaluates changes and the state, off the event loop of its caller. All that it is given and gives is plain data; the
 * state stays where it is evaluated.
 */
export interface Evaluator {
  readonly review: (question: Question, body: Uint8Array, limits: Limits) => Promise<Outcome>
  /** @returns nothing while the state is not known */
  readonly audit: () => Promise<Audit | undefined>
  readonly health: () => readonly KindHealth[]
  /** Another one whenever the state has changed. */
  readonly version: () => string
  readonly failures: () => Failures
  readonly close: () => Promise<void>
}
