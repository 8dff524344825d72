import { compareSample } from '../engine/evaluate-afresh.ts'
import type { Evaluation } from '../engine/incremental/evaluate.ts'
import { nowMs } from './clock.ts'
import type { SampleCount } from './evaluator.ts'
import type { LogMessage } from './messages.ts'

/** Time for the sample of an audit: other requests wait meanwhile. */
const MAX_SAMPLE_MS = 50

/** Counts what samples compare. */
export class SampleCounter {
  readonly #log: (message: LogMessage) => void
  #count: SampleCount = { compared: 0, disagreements: 0 }

  /** @param log called with the models whose results in a sample differ: a defect of the guard */
  constructor(log: (message: LogMessage) => void) {
    this.#log = log
  }

  get count(): SampleCount {
    return this.#count
  }

  compare(evaluation: Pick<Evaluation, 'snapshot' | 'namespaces'>): void {
    const endMs = nowMs() + MAX_SAMPLE_MS
    const { compared, disagreements } = compareSample(evaluation, () => nowMs() >= endMs)
    this.#count = {
      compared: this.#count.compared + compared,
      disagreements: this.#count.disagreements + disagreements.length
    }
    if (disagreements.length > 0)
      this.#log({
        from: 'log',
        level: 'warn',
        message:
          'evaluation differs from that of each InferenceService by itself: a defect of the guard, please report it',
        fields: { inferenceServices: disagreements.join(', ') }
      })
  }
}
