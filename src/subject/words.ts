import type { Resource } from '../state/resource.ts'
import { isBlock } from '../text/cidr.ts'
import { replaceWord } from '../text/replace-word.ts'

/**
 * Texts of an object that can tell models, namespaces, labels or addresses apart. No kind declares them: they are all texts
 * and keys of the object.
 */
export interface Words {
  /** Names that the texts contain between other characters than letters, digits and dashes, or as a part of such a name. */
  readonly names: ReadonlySet<string>
  /** Texts with a wildcard next to a part of a name. */
  readonly patterns: ReadonlySet<string>
  /** Addresses and address blocks. */
  readonly blocks: ReadonlySet<string>
  /** Keys and values that can match on labels and annotations; those of a template have the prefix `TEMPLATE`. */
  readonly values: ReadonlySet<string>
}

/** Prefix of words in a Go template, which prints values of labels and annotations. */
export const TEMPLATE = '{{'

/** Longest sequence of name parts between dashes that is looked up. Longer names are looked up by their beginning. */
const MAX_PARTS = 4

export function wordsOf(object: Resource): Words {
  const words = {
    names: new Set<string>(),
    patterns: new Set<string>(),
    blocks: new Set<string>(),
    values: new Set<string>()
  }
  // A pod is matched, and matches nothing.
  if (object.kind === 'Pod' || object.kind === 'EndpointSlice') return words
  // The name of a namespace in its own objects tells nothing.
  const { namespace: _, ...own } = object
  collect(words, own.kind === 'Namespace' ? { labels: { ...own.labels, [NAME_LABEL]: '' } } : own, '', false)
  return words
}

const NAME_LABEL = 'kubernetes.io/metadata.name'

type Collected = { readonly [K in keyof Words]: Set<string> }

/** @param isMetadata labels and annotations of an object match on no others */
function collect(words: Collected, value: unknown, field: string, isMetadata: boolean): void {
  if (typeof value === 'string') addText(words, value, field, isMetadata)
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const one of value) collect(words, one, field, isMetadata)
    return
  }
  for (const [key, one] of Object.entries(value)) {
    addText(words, key, '', isMetadata)
    collect(words, one, key, isMetadata || key === 'labels' || key === 'annotations')
  }
}

function addText(words: Collected, text: string, field: string, isMetadata: boolean): void {
  for (const name of namesIn(text)) words.names.add(name)
  const pattern = toPattern(field, text)
  if (PARTIAL.test(pattern)) words.patterns.add(pattern)
  if (isBlock(text)) words.blocks.add(text)
  if (isMetadata) return
  words.values.add(text)
  const prefix = text.includes(TEMPLATE) ? TEMPLATE : ''
  for (const part of text.match(LABEL) ?? []) words.values.add(`${prefix}${part}`)
}

/** Characters of a label key or value. */
const LABEL = /[\w./-]+/g
/** Wildcard between which and a name can be no other character. */
const PARTIAL = /[\w-]\*|[\w-]\{\*|\*\}?[\w-]/
/** Characters of a regular expression that stand for themselves or, in part, for any others. */
const SIMPLE = /^[\w/:.*^$()|-]*$/
/** Pattern that can match any part of any name. */
export const ANY_NAME = '-*-'

/** A prefix and a regular expression as patterns that match no less. */
function toPattern(field: string, text: string): string {
  if (field === 'prefix') return `${text}*`
  if (field !== 'regex') return text
  const plain = text.replaceAll('\\.', '.')
  return SIMPLE.test(plain) ? plain.replace(/[.*^$()|]+/g, '*') : ANY_NAME
}

const SEGMENT = /[a-z0-9-]+/g

/** Names of up to `MAX_PARTS` parts that a text contains. */
export function namesIn(text: string): readonly string[] {
  return (text.toLowerCase().match(SEGMENT) ?? []).flatMap(segment => {
    if (!segment.includes('-')) return [segment]
    const parts = segment.split('-')
    return parts.flatMap((_, from) =>
      Array.from({ length: Math.min(MAX_PARTS, parts.length - from) }, (_, more) =>
        parts.slice(from, from + more + 1).join('-')
      )
    )
  })
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
