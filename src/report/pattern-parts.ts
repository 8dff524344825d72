/** Beginnings and ends of words that patterns match, in lower case. */
export interface PatternParts {
  readonly prefixes: readonly string[]
  readonly suffixes: readonly string[]
}

const WORD = /[A-Za-z0-9]+/g

/** What ends a word on each side in a regular expression: nothing else can be part of the word that it matches. */
const BEFORE = /(^|[\^/:(|-]|\\[.-])$/
const AFTER = /^($|[$/:()|-]|\\[.-])/

/** Classes of characters and counts: their letters and digits are no words. */
const CLASS_OR_COUNT = /\\[A-Za-z]|\{[\d,]*\}/g

/** Parts of words next to wildcards, the last word of each prefix, and words of regular expressions that can match a part. */
export function patternParts(value: unknown): PatternParts {
  const prefixes = new Set<string>()
  const suffixes = new Set<string>()
  for (const { text: written, field } of textsIn(value, '')) {
    const text = field === 'regex' ? written.replace(CLASS_OR_COUNT, '*') : written
    for (const { 0: word, index } of text.matchAll(WORD)) {
      const [before, after] = [text.slice(0, index), text.slice(index + word.length)]
      const isRegex = field === 'regex' && !(BEFORE.test(before) && AFTER.test(after))
      const isLast = field === 'prefix' && after === ''
      if (isRegex || isLast || ['*', '{*'].some(one => after.startsWith(one))) prefixes.add(word.toLowerCase())
      if (isRegex || ['*', '*}'].some(one => before.endsWith(one))) suffixes.add(word.toLowerCase())
    }
  }
  return { prefixes: [...prefixes].sort(), suffixes: [...suffixes].sort() }
}

function* textsIn(value: unknown, field: string): Iterable<{ readonly text: string; readonly field: string }> {
  if (typeof value === 'string') yield { text: value, field }
  if (typeof value !== 'object' || value === null) return
  for (const [key, one] of Object.entries(value)) yield* textsIn(one, Array.isArray(value) ? field : key)
}

/** A word in its parts at the borders of a pattern that matches it. */
export function splitWord(word: string, { prefixes, suffixes }: PatternParts): readonly string[] {
  const start = longest(prefixes.filter(one => word.startsWith(one)))
  const rest = word.slice(start.length)
  const end = longest(suffixes.filter(one => rest.endsWith(one)))
  return [start, rest.slice(0, rest.length - end.length), end].filter(part => part !== '')
}

const longest = (parts: readonly string[]) => parts.reduce((best, one) => (one.length > best.length ? one : best), '')
