import type { KindHealth, WatchCounters } from '../source.ts'
import type { WatchError } from './watch-error.ts'

/** `absent`: the API server does not serve the kind. `stale`: the cache may be out of date. */
export type Health = Exclude<KindHealth['health'], 'static'>

const isSynced = (health: Health) => health === 'synced' || health === 'absent'

/** Cache state of one collection, with counters. Times are on a monotonic clock. */
export class SyncStatus {
  health: Health = 'starting'
  why = 'not listed yet'
  #lastSyncedMs = Number.NEGATIVE_INFINITY
  #syncedUntilMs = Number.NEGATIVE_INFINITY
  #lists = 0
  #malformed = 0
  readonly #errors = new Map<string, number>()

  /** @returns true if health or reason changed */
  transition(health: Health, why: string): boolean {
    if (this.health === health && this.why === why) return false
    if (isSynced(this.health)) this.#syncedUntilMs = performance.now()
    this.health = health
    this.why = why
    return true
  }

  /** Records that the cache matches the API server now. */
  markSynced(): void {
    this.#lastSyncedMs = performance.now()
  }

  countList(): void {
    this.#lists++
  }

  countError({ reason }: WatchError): void {
    this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + 1)
    if (reason === 'malformed') this.#malformed++
  }

  get stalenessMs(): number {
    return performance.now() - this.#lastSyncedMs
  }

  get counters(): WatchCounters {
    return { relists: Math.max(0, this.#lists - 1), malformed: this.#malformed, errors: this.#errors }
  }

  /** True once the collection has been listed, or found to be absent. */
  get wasSynced(): boolean {
    return isSynced(this.health) || this.#syncedUntilMs > Number.NEGATIVE_INFINITY
  }

  /**
   * An absent kind has no objects; a watch may be interrupted for up to `graceMs`, also by 403: an API server that restarts forbids
   * everything until it has read its roles.
   */
  isUsable(graceMs: number): boolean {
    return isSynced(this.health) || performance.now() - this.#syncedUntilMs < graceMs
  }
}
