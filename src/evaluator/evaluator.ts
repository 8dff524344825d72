import type { AdmissionDecision } from '../engine/decide.ts'
import type { Suppression } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import type { ReportApi, WantedReport } from '../report/openreports.ts'
import type { KindHealth } from '../sources/source.ts'
import type { Ref } from '../state/resource.ts'
import type { CacheSummary } from './cache-summary.ts'

/** The webhook that receives a request. */
export type WebhookType = 'validate' | 'mutate'

/** Fields of an evaluated request for log and metrics. */
interface ReviewRecord {
  readonly uid: string
  readonly operation: string
  readonly dryRun: boolean
  readonly object: Ref
  /** Cache state that the evaluation used. */
  readonly cache: CacheSummary
}

export interface DecisionRecord extends ReviewRecord {
  readonly event: 'admission decision'
  readonly decision: AdmissionDecision
  readonly findings: readonly Pick<Finding, 'rule' | 'mode' | 'object'>[]
  readonly notEvaluated: readonly Pick<Skip, 'rule' | 'missing'>[]
  readonly suppressed: readonly Pick<Suppression, 'rule' | 'exception'>[]
  readonly seconds: number
}

export interface MutationRecord extends ReviewRecord {
  readonly event: 'mutation applied'
  /** JSON pointers of the added fields. */
  readonly added: readonly string[]
  readonly notes: readonly string[]
}

export type ReviewOutcome =
  /** AdmissionReview response as JSON; a request that is never evaluated has no record. */
  | { readonly response: string; readonly record: DecisionRecord | MutationRecord | undefined }
  /** Why the body is not an AdmissionReview. */
  | { readonly invalid: string }
  /** Why there is no response. */
  | { readonly unevaluated: string }

export interface ReviewOptions {
  /** Flows take turns, so that a request does not wait for all requests of another flow. */
  readonly flow: string
  /** On the clock of `nowMs`. */
  readonly arrivedMs: number
  /** Maximum time from arrival to the outcome. */
  readonly budgetMs: number
}

export interface FindingCount {
  readonly rule: string
  readonly mode: string
  readonly count: number
}

/** Findings in the current state. */
export interface Audit {
  readonly findings: readonly FindingCount[]
  /** Reports in pages, each small enough to not block the event loop. */
  readonly reports: (api: ReportApi, namespace: string) => AsyncIterable<readonly WantedReport[]>
}

/** Models of samples since the start, and those whose result differs from their evaluation by themselves. */
export interface SampleCount {
  readonly compared: number
  readonly disagreements: number
}

/** Counters since the start. */
export interface Failures {
  readonly sample: SampleCount
  readonly timeouts: number
  readonly restarts: number
}

/**
 * Evaluates changes and the state outside the event loop of the caller. Arguments and results are plain data; the state
 * stays in the evaluation thread.
 */
export interface Evaluator {
  readonly review: (webhook: WebhookType, body: Uint8Array, options: ReviewOptions) => Promise<ReviewOutcome>
  /** @returns `undefined` while the cache is not synced */
  readonly audit: () => Promise<Audit | undefined>
  readonly health: () => readonly KindHealth[]
  /** Lines about the installed control planes, with the objects that show them. */
  readonly installation: () => readonly string[]
  /** Differs after each change of the state. */
  readonly version: () => string
  readonly failures: () => Failures
  readonly close: () => Promise<void>
}
