import type { WrittenPolicy } from '../engine/to-findings.ts'
import type { ReportApi, WantedReport } from '../report/openreports.ts'
import type { KindHealth } from '../sources/source.ts'
import type { FindingCount, ReviewOutcome, SampleCount, WebhookType } from './evaluator.ts'

/** A task of the evaluation thread. Tasks run one by one; each has a result. */
export type Task =
  | {
      readonly task: 'review'
      readonly webhook: WebhookType
      readonly body: Uint8Array
      readonly deadlineMs: number
    }
  | { readonly task: 'audit' }
  /** One page of the reports of the last audit. */
  | { readonly task: 'reports'; readonly api: ReportApi; readonly namespace: string; readonly offset: number }

/** Result type of each task. */
export interface Results {
  /** Absent if the deadline passed. */
  readonly review: ReviewOutcome | undefined
  readonly audit: readonly FindingCount[] | undefined
  readonly reports: readonly WantedReport[]
}

export type Result = Results[keyof Results]

export type ToEvaluation =
  | { readonly to: 'work'; readonly task: Task }
  | { readonly to: 'configure'; readonly policy: WrittenPolicy }
  | { readonly to: 'close' }

export type FromEvaluation =
  | { readonly from: 'done'; readonly result: Result }
  | { readonly from: 'failed'; readonly reason: string }
  /** Start and end of the evaluation of the whole state, which has no deadline. */
  | { readonly from: 'state'; readonly isEvaluated: boolean }
  | {
      readonly from: 'health'
      readonly kinds: readonly KindHealth[]
      readonly changes: number
      /** Lines about the installed control planes. */
      readonly installation: readonly string[]
      readonly sample: SampleCount
    }
  | {
      readonly from: 'log'
      readonly level: 'info' | 'warn'
      readonly message: string
      readonly fields: Readonly<Record<string, string>>
    }

/** Line that the main thread logs. */
export type LogMessage = Extract<FromEvaluation, { readonly from: 'log' }>
