/** Texts of which only one of two multisets has occurrences. */
export interface TextDiff extends Iterable<string> {
  readonly isEmpty: boolean
  has(text: string): boolean
  intersects(texts: ReadonlySet<string>): boolean
}

/** Immutable multiset of texts. A change shares the unchanged part. */
export class Counts {
  /** Counts that are added up, usually each shorter than the one before. */
  #levels: readonly ReadonlyMap<string, number>[]

  constructor(levels: readonly ReadonlyMap<string, number>[] = []) {
    this.#levels = levels
  }

  has(text: string): boolean {
    return this.countOf(text) > 0
  }

  countOf(text: string): number {
    let count = 0
    for (const level of this.#levels) count += level.get(text) ?? 0
    return count
  }

  /** Distinct texts. */
  *[Symbol.iterator](): Iterator<string> {
    for (const text of new Set(this.#levels.flatMap(level => [...level.keys()]))) if (this.has(text)) yield text
  }

  /**
   * @param changes by how much the count of a text changes
   * @returns the multiset after the change, and the texts that only one of both has
   */
  with(changes: ReadonlyMap<string, number>): Readonly<{ counts: Counts; diff: TextDiff }> {
    const diff = new CountDiff(this, changes)
    if (changes.size === 0) return { counts: this, diff }
    // Only here, because most multisets are those of a state that is decided about, and never changed.
    this.#levels = merged(this.#levels)
    return { counts: new Counts([...this.#levels, changes]), diff }
  }
}

/** Compares counts only when it is asked, because most changes are large and concern few models, or are small. */
class CountDiff implements TextDiff {
  readonly #before: Counts
  readonly #changes: ReadonlyMap<string, number>
  #isEmpty: boolean | undefined

  constructor(before: Counts, changes: ReadonlyMap<string, number>) {
    this.#before = before
    this.#changes = changes
  }

  has(text: string): boolean {
    const by = this.#changes.get(text)
    if (by === undefined) return false
    const count = this.#before.countOf(text)
    return count > 0 !== count + by > 0
  }

  *[Symbol.iterator](): Iterator<string> {
    for (const text of this.#changes.keys()) if (this.has(text)) yield text
  }

  get isEmpty(): boolean {
    this.#isEmpty ??= this[Symbol.iterator]().next().done === true
    return this.#isEmpty
  }

  intersects(texts: ReadonlySet<string>): boolean {
    const [fewer, others] = this.#changes.size < texts.size ? [this, texts] : [texts, this]
    for (const text of fewer) if (others.has(text)) return true
    return false
  }
}

/** Merges levels until each is at least twice as long as the next. So there are few, and a text is copied a few times. */
function merged(levels: readonly ReadonlyMap<string, number>[]): readonly ReadonlyMap<string, number>[] {
  const last = levels.at(-1)
  const previous = levels.at(-2)
  if (last === undefined || previous === undefined || previous.size >= 2 * last.size) return levels
  return merged([...levels.slice(0, -2), summed(previous, last)])
}

/** Sum of counts. Texts with the sum 0 are left out: they change no other count. */
function summed(
  counts: ReadonlyMap<string, number>,
  changes: ReadonlyMap<string, number>
): ReadonlyMap<string, number> {
  const all = new Map(counts)
  for (const [text, by] of changes) {
    const count = (all.get(text) ?? 0) + by
    if (count === 0) all.delete(text)
    else all.set(text, count)
  }
  return all
}
