/** Changes of a base above which they are merged into a new base. */
const MAX_CHANGES = 2_000

/** Immutable multiset of texts. A change shares the unchanged part. */
export class Counts {
  readonly #base: ReadonlyMap<string, number>
  readonly #changes: ReadonlyMap<string, number>

  constructor(base: ReadonlyMap<string, number> = new Map(), changes: ReadonlyMap<string, number> = new Map()) {
    this.#base = base
    this.#changes = changes
  }

  has(text: string): boolean {
    return this.#countOf(text) > 0
  }

  #countOf(text: string): number {
    return (this.#base.get(text) ?? 0) + (this.#changes.get(text) ?? 0)
  }

  /** Distinct texts. */
  *[Symbol.iterator](): Iterator<string> {
    for (const text of this.#base.keys()) if (this.has(text)) yield text
    for (const text of this.#changes.keys()) if (!this.#base.has(text) && this.has(text)) yield text
  }

  /** @returns the multiset after the change, and the texts that only one of both has */
  with(
    added: Iterable<Iterable<string>>,
    removed: Iterable<Iterable<string>>
  ): Readonly<{ counts: Counts; diff: ReadonlySet<string> }> {
    const changes = new Map<string, number>()
    const add = (texts: Iterable<string>, by: number) => {
      for (const text of texts) changes.set(text, (changes.get(text) ?? 0) + by)
    }
    for (const texts of added) add(texts, 1)
    for (const texts of removed) add(texts, -1)
    const diff = new Set<string>()
    for (const [text, by] of changes) {
      const count = this.#countOf(text)
      if (count > 0 !== count + by > 0) diff.add(text)
    }
    const isLong = this.#changes.size + changes.size > MAX_CHANGES
    const counts = isLong
      ? new Counts(summed(summed(this.#base, this.#changes), changes))
      : new Counts(this.#base, summed(this.#changes, changes))
    return { counts, diff }
  }
}

/** Sum of counts. Texts with the sum 0 are left out: they are absent from a base, and do not change one. */
function summed(
  counts: ReadonlyMap<string, number>,
  changes: ReadonlyMap<string, number>
): ReadonlyMap<string, number> {
  if (changes.size === 0) return counts
  const all = new Map(counts)
  for (const [text, by] of changes) {
    const count = (all.get(text) ?? 0) + by
    if (count === 0) all.delete(text)
    else all.set(text, count)
  }
  return all
}
