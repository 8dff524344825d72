import type { Resource } from '../state/resource.ts'
import { isBlock } from '../text/cidr.ts'
import { replaceWord } from '../text/replace-word.ts'
import { countTexts, type Role, type TextCounts } from './text-counts.ts'

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

/** By how much the counts differ after objects are added and removed. */
export function countWords(added: readonly Resource[], removed: readonly Resource[] = []): WordCounts {
  const [first] = added
  return first !== undefined && added.length === 1 && removed.length === 0
    ? wordsOf(first)
    : toWords(countTexts(added, removed))
}

/** Words of one object. Those of long ones are kept: a change is evaluated several times, with the fixes that it could have. */
function wordsOf(object: Resource): WordCounts {
  const known = kept.get(object)
  if (known !== undefined) return known
  const counts = toWords(countTexts([object], []))
  if (counts.values.size > MIN_KEPT) kept.set(object, counts)
  return counts
}
const kept = new WeakMap<Resource, WordCounts>()
const MIN_KEPT = 1_000

function toWords(texts: TextCounts): WordCounts {
  const counts: MutableCounts = { names: new Map(), patterns: new Map(), blocks: new Map(), values: new Map() }
  for (const [role, ofRole] of texts) {
    for (const [text, by] of ofRole) {
      if (by === 0) continue
      if (isBlock(text)) add(counts.blocks, text, by)
      else addNames(counts, text, role, by)
      if (role !== 'metadata') addValues(counts.values, text, by)
    }
  }
  return counts
}

function addNames({ names, patterns }: MutableCounts, text: string, role: Role, by: number): void {
  for (const segment of new Set(text.toLowerCase().match(SEGMENT))) {
    if (segment.includes('-')) for (const name of namesIn(segment)) add(names, name, by)
    else add(names, segment, by)
  }
  const pattern = toPattern(role, text)
  if (PARTIAL.test(pattern) || pattern.startsWith(EXPRESSION)) add(patterns, pattern, by)
}

function addValues(values: Map<string, number>, text: string, by: number): void {
  add(values, text, by)
  const prefix = text.includes(TEMPLATE) ? TEMPLATE : ''
  for (const part of text.match(LABEL) ?? []) if (part !== text) add(values, `${prefix}${part}`, by)
}

function add(counts: Map<string, number>, word: string, by: number): void {
  counts.set(word, (counts.get(word) ?? 0) + by)
}

/** Characters of a label key or value. */
const LABEL = /[\w./-]+/g
/** Wildcard between which and a name can be no other character. */
const PARTIAL = /[\w-]\*|[\w-]\{\*|\*\}?[\w-]/
/** Regular expression of characters that stand for themselves, and of any others. */
const SIMPLE = /^\^?(?:[\w/:-]|\\\.|\.\*)*\$?$/
/** Prefix of regular expressions among the patterns. */
export const EXPRESSION = 'regex:'
/** Of an expression with a word boundary it is not known what it matches on. */
const ANY_NAME = `${EXPRESSION}\\b`

/** A prefix as a pattern, and a regular expression if it can be written as one. */
function toPattern(role: Role, text: string): string {
  if (role === 'prefix') return `${text}*`
  if (role === 'replaced') return ANY_NAME
  if (role !== 'regex') return text
  return SIMPLE.test(text)
    ? text
        .replace(/^\^|\$$/g, '')
        .replaceAll('.*', '*')
        .replaceAll('\\', '')
    : `${EXPRESSION}${text}`
}

const SEGMENT = /[a-z0-9-]+/g

/** Names of up to `MAX_PARTS` parts that a segment contains, which begin with a letter or digit. */
function namesIn(segment: string): readonly string[] {
  const parts = segment.split('-')
  const ends = (from: number) => parts.slice(from, from + MAX_PARTS)
  return parts.flatMap((part, from) =>
    part === '' ? [] : ends(from).map((_, more) => parts.slice(from, from + more + 1).join('-'))
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
