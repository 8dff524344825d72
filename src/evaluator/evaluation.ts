import { type Decision, decide, decideState, type EvaluationCache, unevaluated } from '../engine/decide.ts'
import { BudgetExceeded, withinBudget } from '../engine/incremental/budget.ts'
import { evaluate } from '../engine/incremental/evaluate.ts'
import { mutate } from '../engine/mutate.ts'
import { type Policy, policyAt, type WrittenPolicy } from '../engine/to-findings.ts'
import { type ReportApi, toReports, type WantedReport } from '../report/openreports.ts'
import { RULES } from '../rules/index.ts'
import { isSynced, type StateSource } from '../sources/source.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { allow, toMutationResponse, toValidationResponse } from './admission-response.ts'
import { InvalidReview, parseReview, type Review } from './admission-review.ts'
import { summarizeEvidence } from './cache-summary.ts'
import { nowMs } from './clock.ts'
import type { Decided, FindingCount, Outcome, Question } from './evaluator.ts'

export interface EvaluationOptions {
  readonly source: Pick<StateSource, 'current' | 'health'>
  /** Is never evaluated. */
  readonly ownNamespace: string | undefined
  /** Called around the evaluation of the state itself, which no deadline ends. */
  readonly onState: (isEvaluated: boolean) => void
  /** Milliseconds since 1970, by which exceptions expire. */
  readonly date?: () => number
}

/** The evaluator's work, synchronous. The state and all that is memoized of it belong to it alone. */
export class Evaluation {
  readonly #options: EvaluationOptions
  readonly #memory: EvaluationCache = {}
  #policy: WrittenPolicy
  #seen: Snapshot | undefined
  #changes = 0
  #audited: { readonly state: Snapshot; readonly judged: ReturnType<typeof decideState> } | undefined
  #reports: readonly WantedReport[] = []

  constructor(policy: WrittenPolicy, options: EvaluationOptions) {
    this.#policy = policy
    this.#options = options
  }

  configure(policy: WrittenPolicy): void {
    this.#policy = policy
  }

  /** How often the state has changed. */
  get changes(): number {
    this.#current()
    return this.#changes
  }

  /** Evaluates the state, once all of it is known, so that the next request need not wait for that. */
  prepare(): void {
    if (this.#options.source.health().every(isSynced)) this.#evaluate(this.#current())
  }

  /** @returns nothing when the deadline came first */
  review(question: Question, body: Uint8Array, deadlineMs: number): Outcome | undefined {
    if (nowMs() >= deadlineMs) return undefined
    try {
      const review = parseReview(body)
      return question === 'validate' ? this.#validate(review, deadlineMs) : this.#mutate(review, deadlineMs)
    } catch (error) {
      if (error instanceof InvalidReview) return { fault: error.message }
      if (error instanceof BudgetExceeded) return undefined
      throw error
    }
  }

  /** @returns nothing while not all of the state is known: what is not known would look like what is gone */
  audit(): readonly FindingCount[] | undefined {
    if (!this.#options.source.health().every(isSynced)) return undefined
    const state = this.#current()
    this.#evaluate(state)
    const judged = decideState(state, RULES, this.#policyNow(), this.#memory)
    this.#audited = { state, judged }
    return countByRule(judged)
  }

  /** A page of the reports of the last audit; an empty one after the last. */
  reports(api: ReportApi, home: string, from: number): readonly WantedReport[] {
    if (this.#audited !== undefined && from === 0) {
      this.#reports = toReports(this.#audited.judged, this.#audited.state, api, home)
      this.#audited = undefined
    }
    const page = this.#reports.slice(from, from + PAGE)
    if (page.length === 0) this.#reports = []
    return page
  }

  #validate(review: Review, deadlineMs: number): Outcome {
    const started = nowMs()
    const decision = this.#decide(review, deadlineMs)
    const seconds = (nowMs() - started) / 1_000
    const { uid, operation, dryRun, object } = review
    const evidence = summarizeEvidence(this.#options.source.health())
    const record = {
      event: 'admission decision',
      uid,
      operation,
      dryRun,
      object,
      ...summary(decision),
      seconds,
      evidence
    } as const
    return { answer: JSON.stringify(toValidationResponse(uid, decision)), record }
  }

  #decide({ change, fault, object }: Review, deadlineMs: number): Decision {
    const policy = this.#policyNow()
    if (fault !== undefined) return unevaluated(fault, policy)
    if (change === undefined || this.#isOurs(object)) return unevaluated(undefined, policy)
    const state = this.#current()
    this.#evaluate(state)
    return withinBudget(isAfter(deadlineMs), () => decide(state, change, RULES, policy, this.#memory))
  }

  #mutate(review: Review, deadlineMs: number): Outcome {
    const { uid, operation, dryRun, object, change, sent } = review
    if (change === undefined || this.#isOurs(object)) {
      return { answer: JSON.stringify(allow(uid)), record: undefined }
    }
    const mutated = withinBudget(isAfter(deadlineMs), () => mutate(this.#current(), change, sent, RULES))
    const added = mutated.patch.map(({ path }) => path)
    const evidence = summarizeEvidence(this.#options.source.health())
    const { notes } = mutated
    const record = { event: 'mutation applied', uid, operation, dryRun, object, added, notes, evidence } as const
    return { answer: JSON.stringify(toMutationResponse(uid, mutated)), record }
  }

  #isOurs({ namespace }: Review['object']): boolean {
    return namespace === this.#options.ownNamespace
  }

  #policyNow(): Policy {
    const { date = Date.now } = this.#options
    return policyAt(this.#policy, date())
  }

  #current(): Snapshot {
    const state = this.#options.source.current()
    if (state !== this.#seen) {
      this.#seen = state
      this.#changes++
    }
    return state
  }

  /** All requests share this, so no deadline of one may end it. */
  #evaluate(state: Snapshot): void {
    if (this.#memory.latest?.snapshot === state) return
    this.#options.onState(false)
    this.#memory.latest = evaluate(state, RULES, this.#memory.latest)
    this.#options.onState(true)
  }
}

/** Reports in one page. */
const PAGE = 200

const isAfter = (deadlineMs: number) => () => nowMs() >= deadlineMs

/** What a record says of a decision: no messages of unbounded length. */
function summary({
  decision,
  findings,
  notEvaluated,
  suppressed
}: Decision): Pick<Decided, 'decision' | 'findings' | 'notEvaluated' | 'suppressed'> {
  return {
    decision,
    findings: findings.map(({ rule, mode, object }) => ({ rule, mode, object })),
    notEvaluated: notEvaluated.map(({ rule, missing }) => ({ rule, missing })),
    suppressed: suppressed.map(({ rule, exception }) => ({ rule, exception }))
  }
}

function countByRule({ findings }: Pick<Decision, 'findings'>): readonly FindingCount[] {
  const counts = new Map<string, FindingCount>()
  for (const { rule, mode } of findings) {
    const key = `${rule} ${mode}`
    counts.set(key, { rule, mode, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()]
}
