import { type Decision, decide, decideState, type EvaluationCache, unevaluated } from '../engine/decide.ts'
import { BudgetExceeded, withinBudget } from '../engine/incremental/budget.ts'
import { evaluate, type Evaluation as StateEvaluation } from '../engine/incremental/evaluate.ts'
import { mutate } from '../engine/mutate.ts'
import { withProvenFixes } from '../engine/proven-fixes.ts'
import { type Policy, policyAt, type WrittenPolicy } from '../engine/to-findings.ts'
import { installationLines, toInstallation } from '../report/installation.ts'
import { type ReportApi, toReports, type WantedReport } from '../report/openreports.ts'
import { RULES } from '../rules/index.ts'
import { readResource } from '../sources/manifest.ts'
import { isSynced, type StateSource } from '../sources/source.ts'
import { memoize } from '../state/memoize.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { allow, toMutationResponse, toValidationResponse } from './admission-response.ts'
import { InvalidReview, parseReview, type Review } from './admission-review.ts'
import { summarizeCache } from './cache-summary.ts'
import { nowMs } from './clock.ts'
import { countByRule, summary } from './decision-summary.ts'
import type { FindingCount, ReviewOutcome, SampleCount, WebhookType } from './evaluator.ts'
import type { LogMessage } from './messages.ts'
import { SampleCounter } from './sample-counter.ts'

export interface EvaluationOptions {
  readonly source: Pick<StateSource, 'current' | 'health'>
  /** Namespace whose objects are never evaluated. */
  readonly ownNamespace: string | undefined
  /** Called before and after the evaluation of the whole state, which has no deadline. */
  readonly onState: (isEvaluated: boolean) => void
  readonly log: (message: LogMessage) => void
  /** Milliseconds since 1970, to expire exceptions. */
  readonly date?: () => number
}

/** Evaluates synchronously. Only this class uses the state and the values memoized for it. */
export class Evaluation {
  readonly #options: EvaluationOptions
  readonly #cache: EvaluationCache = {}
  readonly #samples: SampleCounter
  #policy: WrittenPolicy
  #lastState: Snapshot | undefined
  #changes = 0
  #lastAudit: { readonly state: Snapshot; readonly decision: ReturnType<typeof decideState> } | undefined
  #reports: readonly WantedReport[] = []

  constructor(policy: WrittenPolicy, options: EvaluationOptions) {
    this.#policy = policy
    this.#options = options
    this.#samples = new SampleCounter(options.log)
  }

  configure(policy: WrittenPolicy): void {
    this.#policy = policy
  }

  /** Number of changes of the state. */
  get changes(): number {
    this.#current()
    return this.#changes
  }

  /** Lines about the installed control planes. */
  get installation(): readonly string[] {
    return installationOf(this.#current())
  }

  /** Evaluates the whole state as soon as it is synced, so that the next request does not wait for it. */
  prepare(): void {
    if (this.#options.source.health().every(isSynced)) this.#evaluate(this.#current())
  }

  /** @returns `undefined` if the deadline passed */
  review(webhook: WebhookType, body: Uint8Array, deadlineMs: number): ReviewOutcome | undefined {
    if (nowMs() >= deadlineMs) return undefined
    try {
      const review = parseReview(body)
      return webhook === 'validate' ? this.#validate(review, deadlineMs) : this.#mutate(review, deadlineMs)
    } catch (error) {
      if (error instanceof InvalidReview) return { invalid: error.message }
      if (error instanceof BudgetExceeded) return undefined
      throw error
    }
  }

  /** @returns `undefined` while a kind is not synced, because its objects would seem deleted */
  audit(): readonly FindingCount[] | undefined {
    if (!this.#options.source.health().every(isSynced)) return undefined
    const state = this.#current()
    this.#samples.compare(this.#evaluate(state))
    const decision = decideState(state, RULES, this.#policyNow(), this.#cache)
    this.#lastAudit = { state, decision }
    return countByRule(decision)
  }

  /** Models that audits have compared with their evaluation by themselves, and those that differed. */
  get sample(): SampleCount {
    return this.#samples.count
  }

  /** One page of the reports of the last audit; empty after the last page. */
  reports(api: ReportApi, namespace: string, offset: number): readonly WantedReport[] {
    if (this.#lastAudit !== undefined && offset === 0) {
      this.#reports = toReports(this.#lastAudit.decision, this.#lastAudit.state, api, namespace)
      this.#lastAudit = undefined
    }
    const page = this.#reports.slice(offset, offset + PAGE_SIZE)
    if (page.length === 0) this.#reports = []
    return page
  }

  #validate(review: Review, deadlineMs: number): ReviewOutcome {
    const started = nowMs()
    const decision = this.#decide(review, deadlineMs)
    const seconds = (nowMs() - started) / 1_000
    const { uid, operation, dryRun, object } = review
    const cache = summarizeCache(this.#options.source.health())
    const record = {
      event: 'admission decision',
      uid,
      operation,
      dryRun,
      object,
      ...summary(decision),
      seconds,
      cache
    } as const
    return { response: JSON.stringify(toValidationResponse(uid, decision)), record }
  }

  #decide({ change, parseError, object }: Review, deadlineMs: number): Decision {
    const policy = this.#policyNow()
    if (parseError !== undefined) return unevaluated(parseError, policy)
    if (change === undefined || this.#isOwn(object)) return unevaluated(undefined, policy)
    const state = this.#current()
    this.#evaluate(state)
    const decision = withinBudget(isAfter(deadlineMs), () => decide(state, change, RULES, policy, this.#cache))
    const context = { rules: RULES, policy, read: readResource, cache: this.#cache }
    const proofDeadlineMs = Math.min(nowMs() + MAX_PROOF_MS, deadlineMs)
    return withinBudget(isAfter(proofDeadlineMs), () => withProvenFixes(state, change, decision, context))
  }

  #mutate(review: Review, deadlineMs: number): ReviewOutcome {
    const { uid, operation, dryRun, object, change, sent } = review
    if (change === undefined || this.#isOwn(object)) {
      return { response: JSON.stringify(allow(uid)), record: undefined }
    }
    const mutated = withinBudget(isAfter(deadlineMs), () => mutate(this.#current(), change, sent, RULES))
    const added = mutated.patch.map(({ path }) => path)
    const cache = summarizeCache(this.#options.source.health())
    const { notes } = mutated
    const record = { event: 'mutation applied', uid, operation, dryRun, object, added, notes, cache } as const
    return { response: JSON.stringify(toMutationResponse(uid, mutated)), record }
  }

  #isOwn({ namespace }: Review['object']): boolean {
    return namespace === this.#options.ownNamespace
  }

  #policyNow(): Policy {
    const { date = Date.now } = this.#options
    return policyAt(this.#policy, date())
  }

  #current(): Snapshot {
    const state = this.#options.source.current()
    if (state !== this.#lastState) {
      this.#lastState = state
      this.#changes++
    }
    return state
  }

  /** Not limited by a deadline, because all requests share the result. */
  #evaluate(state: Snapshot): StateEvaluation {
    const known = this.#cache.latest
    if (known?.snapshot === state) return known
    this.#options.onState(false)
    const evaluated = evaluate(state, RULES, known)
    this.#cache.latest = evaluated
    this.#options.onState(true)
    return evaluated
  }
}

const installationOf = memoize((state: Snapshot) => installationLines(toInstallation(state)))

/** Maximum time to prove fixes: other requests wait meanwhile, and a fix can be offered as text. */
const MAX_PROOF_MS = 250

/** Number of reports per page. */
const PAGE_SIZE = 200

const isAfter = (deadlineMs: number) => () => nowMs() >= deadlineMs
