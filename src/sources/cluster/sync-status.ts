import type { KindHealth, Troubles } from '../source.ts'
import type { Trouble } from './watch-error.ts'

/** `absent`: the server has no such kind. `stale`: what we know may be out of date. */
export type Health = Exclude<KindHealth['health'], 'static'>

const isGood = (health: Health) => health === 'synced' || health === 'absent'

/** How well a collection is known, and what happened to it. Times are those of a clock that never jumps. */
export class Evidence {
  health: Health = 'starting'
  why = 'not listed yet'
  #provenMs = Number.NEGATIVE_INFINITY
  #goodUntilMs = Number.NEGATIVE_INFINITY
  #lists = 0
  #malformed = 0
  readonly #errors = new Map<string, number>()

  /** @returns whether that is news */
  turn(health: Health, why: string): boolean {
    if (this.health === health && this.why === why) return false
    if (isGood(this.health)) this.#goodUntilMs = performance.now()
    this.health = health
    this.why = why
    return true
  }

  /** The server has just shown that what we know is what it has. */
  prove(): void {
    this.#provenMs = performance.now()
  }

  countList(): void {
    this.#lists++
  }

  countTrouble({ reason }: Trouble): void {
    this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + 1)
    if (reason === 'malformed') this.#malformed++
  }

  get ageMs(): number {
    return performance.now() - this.#provenMs
  }

  /** The first list is none again. */
  get troubles(): Troubles {
    return { relists: Math.max(0, this.#lists - 1), malformed: this.#malformed, errors: this.#errors }
  }

  /** Whether the collection was read at all, or known not to be there. */
  get wasGood(): boolean {
    return isGood(this.health) || this.#goodUntilMs > Number.NEGATIVE_INFINITY
  }

  /** A kind that the server does not have is known to have no objects; a short loss of the watch is no loss of knowledge. */
  isUsable(graceMs: number): boolean {
    if (isGood(this.health)) return true
    return this.health === 'stale' && performance.now() - this.#goodUntilMs < graceMs
  }
}
