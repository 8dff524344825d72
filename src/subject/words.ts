import { getOrAdd } from '../state/map.ts'
import type { Resource } from '../state/resource.ts'
import { isBlock } from '../text/cidr.ts'
import { replaceWord } from '../text/replace-word.ts'

/**
 * Texts of an object that can tell models, namespaces, labels or addresses apart. No kind declares them: they are all texts
 * and keys of the object.
 *
 * @typeParam T how the texts of a kind are kept
 */
export interface Words<T> {
  /** Names that the texts contain between other characters than letters, digits and dashes, or as a part of such a name. */
  readonly names: T
  /** Texts with a wildcard next to a part of a name. */
  readonly patterns: T
  /** Addresses and address blocks. */
  readonly blocks: T
  /** Keys and values that can match on labels and annotations; those of a template have the prefix `TEMPLATE`. */
  readonly values: T
}

/** Prefix of words in a Go template, which prints values of labels and annotations. */
export const TEMPLATE = '{{'

/** Longest sequence of name parts between dashes that is looked up. Longer names are looked up by their beginning. */
const MAX_PARTS = 4

/** How often words occur, or by how much a change changes it. */
export type WordCounts = Words<ReadonlyMap<string, number>>
type MutableCounts = Words<Map<string, number>>

const newCounts = (): MutableCounts => ({ names: new Map(), patterns: new Map(), blocks: new Map(), values: new Map() })

/** Words of all objects. */
export function countWords(objects: readonly Resource[]): WordCounts {
  const counts = newCounts()
  for (const object of objects) countIn(counts, object)
  return counts
}

/** By how much the counts differ if objects are added and removed. */
export function countChange(added: readonly Resource[], removed: readonly Resource[]): WordCounts {
  const [more, less] = [total(added), total(removed)]
  if (removed.length === 0) return more
  return {
    names: difference(more.names, less.names),
    patterns: difference(more.patterns, less.patterns),
    blocks: difference(more.blocks, less.blocks),
    values: difference(more.values, less.values)
  }
}

function total(objects: readonly Resource[]): WordCounts {
  const [first] = objects
  return first !== undefined && objects.length === 1 ? countsOf(first) : countWords(objects)
}

/** Without equal counts: an update of a long object leaves most of its words. */
function difference(more: ReadonlyMap<string, number>, less: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const changes = new Map<string, number>()
  for (const [word, count] of more) {
    const by = count - (less.get(word) ?? 0)
    if (by !== 0) changes.set(word, by)
  }
  for (const [word, count] of less) if (!more.has(word)) changes.set(word, -count)
  return changes
}

/** Words of one object. Those of long ones are kept: a change is evaluated several times, with the fixes that it could have. */
function countsOf(object: Resource): WordCounts {
  const known = kept.get(object)
  if (known !== undefined) return known
  const counts = countWords([object])
  if (counts.values.size > MIN_KEPT) kept.set(object, counts)
  return counts
}
const kept = new WeakMap<Resource, WordCounts>()
const MIN_KEPT = 1_000

function countIn(counts: MutableCounts, object: Resource): void {
  // A pod is matched, and matches nothing.
  if (object.kind === 'Pod' || object.kind === 'EndpointSlice') return
  // The name of a namespace in its own objects tells nothing.
  const { namespace: _, ...own } = object
  const value = own.kind === 'Namespace' ? { labels: { ...own.labels, [NAME_LABEL]: '' } } : own
  new WordCounter(counts).collect(value, '')
}

const NAME_LABEL = 'kubernetes.io/metadata.name'

/** Role of texts in labels and annotations of an object, which match on no others. */
const METADATA = 'metadata'
/** Fields whose texts are patterns. */
const PATTERN_FIELDS = ['prefix', 'regex']

function roleOf(field: string): string {
  if (field === 'labels' || field === 'annotations') return METADATA
  return PATTERN_FIELDS.includes(field) ? field : ''
}

/** Counts the words of one object. */
class WordCounter {
  readonly #counts: MutableCounts
  /** Texts by their role: an object can have the same one thousands of times. */
  readonly #seen = new Map<string, Set<string>>()

  constructor(counts: MutableCounts) {
    this.#counts = counts
  }

  collect(value: unknown, role: string): void {
    if (typeof value === 'string') this.#addText(value, role)
    if (typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) {
      for (const one of value) this.collect(one, role)
      return
    }
    for (const [key, one] of Object.entries(value)) {
      this.#addText(key, role === METADATA ? role : '')
      this.collect(one, role === METADATA ? role : roleOf(key))
    }
  }

  #addText(text: string, role: string): void {
    const seen = getOrAdd(this.#seen, role, newTexts)
    const { size } = seen
    if (seen.add(text).size === size) return
    if (isBlock(text)) add(this.#counts.blocks, text)
    else this.#addNames(text, role)
    if (role !== METADATA) this.#addValues(text)
  }

  #addNames(text: string, role: string): void {
    for (const segment of text.toLowerCase().match(SEGMENT) ?? []) {
      if (segment.includes('-')) for (const name of namesIn(segment)) add(this.#counts.names, name)
      else add(this.#counts.names, segment)
    }
    const pattern = toPattern(role, text)
    if (PARTIAL.test(pattern)) add(this.#counts.patterns, pattern)
  }

  #addValues(text: string): void {
    add(this.#counts.values, text)
    const prefix = text.includes(TEMPLATE) ? TEMPLATE : ''
    for (const part of text.match(LABEL) ?? []) if (part !== text) add(this.#counts.values, `${prefix}${part}`)
  }
}

function add(counts: Map<string, number>, word: string): void {
  counts.set(word, (counts.get(word) ?? 0) + 1)
}

const newTexts = () => new Set<string>()

/** Characters of a label key or value. */
const LABEL = /[\w./-]+/g
/** Wildcard between which and a name can be no other character. */
const PARTIAL = /[\w-]\*|[\w-]\{\*|\*\}?[\w-]/
/** Characters of a regular expression that stand for themselves or, in part, for any others. */
const SIMPLE = /^[\w/:.*^$()|-]*$/
/** Pattern that can match any part of any name. */
export const ANY_NAME = '-*-'

/** A prefix and a regular expression as patterns that match no less. */
function toPattern(role: string, text: string): string {
  if (role === 'prefix') return `${text}*`
  if (role !== 'regex') return text
  const plain = text.replaceAll('\\.', '.')
  return SIMPLE.test(plain) ? plain.replace(/[.*^$()|]+/g, '*') : ANY_NAME
}

const SEGMENT = /[a-z0-9-]+/g

/** Names of up to `MAX_PARTS` parts that a segment contains. */
function namesIn(segment: string): readonly string[] {
  const parts = segment.split('-')
  return parts.flatMap((_, from) =>
    Array.from({ length: Math.min(MAX_PARTS, parts.length - from) }, (_, more) =>
      parts.slice(from, from + more + 1).join('-')
    )
  )
}

/** True if a text contains a name that is not part of a longer word of letters and digits. */
export function mentions(text: string, name: string): boolean {
  return replaceWord(text, name, '') !== text
}

/** The name under which `namesIn` has a name, or a longer one that begins with it. */
export function lookupName(name: string): string {
  const parts = name.split('-', MAX_PARTS + 1)
  return parts.length > MAX_PARTS ? parts.slice(0, MAX_PARTS).join('-') : name
}
