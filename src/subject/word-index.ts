import type { Resource } from '../state/resource.ts'
import { Counts, type TextDiff } from './counts.ts'
import { PatternIndex } from './pattern-index.ts'
import { countWords, EXPRESSION, lookupName, mentions, type WordCounts, type Words } from './words.ts'

/** Words of all objects but those of models: what is not among them cannot tell two models apart. */
export class WordIndex {
  readonly #counts: Words<Counts>
  readonly patterns: PatternIndex
  readonly blocks: readonly string[]
  /** True if a pattern matches on the number of a revision. */
  readonly hasRevisions: boolean

  /** @param previous index with the same patterns and blocks */
  private constructor(counts: Words<Counts>, previous?: WordIndex) {
    this.#counts = counts
    this.patterns = previous?.patterns ?? new PatternIndex([...counts.patterns])
    this.blocks = previous?.blocks ?? [...counts.blocks]
    this.hasRevisions = previous?.hasRevisions ?? [...counts.patterns].some(matchesRevision)
  }

  static of(objects: readonly Resource[]): WordIndex {
    const { names, patterns, blocks, values } = countWords(objects)
    const toCounts = (counts: ReadonlyMap<string, number>) => new Counts([counts])
    return new WordIndex({
      names: toCounts(names),
      patterns: toCounts(patterns),
      blocks: toCounts(blocks),
      values: toCounts(values)
    })
  }

  /** @returns the index after a change, and the words that only one of both has */
  with(
    added: readonly Resource[],
    removed: readonly Resource[]
  ): { readonly index: WordIndex; readonly diff: Words<TextDiff> } {
    const changes = countWords(added, removed)
    const change = (kind: keyof WordCounts) => this.#counts[kind].with(changes[kind])
    const [names, patterns, blocks, values] = [change('names'), change('patterns'), change('blocks'), change('values')]
    const counts = { names: names.counts, patterns: patterns.counts, blocks: blocks.counts, values: values.counts }
    const isSame = patterns.diff.isEmpty && blocks.diff.isEmpty
    return {
      index: new WordIndex(counts, isSame ? this : undefined),
      diff: { names: names.diff, patterns: patterns.diff, blocks: blocks.diff, values: values.diff }
    }
  }

  /** True if labels and annotations can be matched with this key or value. */
  hasValue(text: string): boolean {
    return this.#counts.values.has(text)
  }

  /**
   * What an object can match on of the name of a model or namespace: all of it, or the parts that patterns match. Names with an
   * equal result fare alike.
   */
  relationOf(name: string, namespace = ''): string {
    const isNamed = this.#counts.names.has(lookupName(name)) || mentions(namespace, name)
    if (isNamed || !isPlain(name)) return name
    const parts = this.patterns.matchedParts(name)
    return parts.length === 0 ? '' : JSON.stringify(parts)
  }
}

/** Name that a host can contain, and of which no part between hyphens is a part of a generated name. */
const isPlain = (name: string) =>
  /^[a-z][-a-z0-9]*$/.test(name) && !name.endsWith('-') && !name.split('-').some(part => GENERATED.has(part))

const GENERATED: ReadonlySet<string> = new Set(['default', 'predictor', 'transformer', 'explainer', 'private'])

const REVISION = /\d{5}/
const matchesRevision = (pattern: string) => REVISION.test(pattern) || pattern.startsWith(EXPRESSION)
