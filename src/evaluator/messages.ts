import type { WrittenPolicy } from '../engine/to-findings.ts'
import type { ReportApi, WantedReport } from '../report/openreports.ts'
import type { KindHealth } from '../sources/source.ts'
import type { FindingCount, Outcome, Question } from './evaluator.ts'

/** Tasks are done one by one, and each is answered. */
export type Task =
  | {
      readonly task: 'review'
      readonly question: Question
      readonly body: Uint8Array
      readonly deadlineMs: number
    }
  | { readonly task: 'audit' }
  /** Of the last audit: its reports from this one on. */
  | { readonly task: 'reports'; readonly api: ReportApi; readonly home: string; readonly from: number }

/** What each task comes to. */
export interface Results {
  /** Nothing when it was abandoned. */
  readonly review: Outcome | undefined
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
  /** The state itself is evaluated, which no deadline ends. */
  | { readonly from: 'state'; readonly isEvaluated: boolean }
  | { readonly from: 'health'; readonly kinds: readonly KindHealth[]; readonly changes: number }
  | {
      readonly from: 'log'
      readonly level: 'info' | 'warn'
      readonly message: string
      readonly fields: Readonly<Record<string, string>>
    }
