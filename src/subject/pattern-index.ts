import { ExpressionIndex } from './expression-index.ts'
import { EXPRESSION } from './words.ts'

/** Length of the longest name of an object. */
const MAX_NAME = 253

/** Patterns by the parts of names that they match on. */
export class PatternIndex {
  /** By the beginning of a name, before a wildcard. */
  readonly #beginnings = new Map<string, string[]>()
  /** By the end of a name, after a wildcard. */
  readonly #ends = new Map<string, string[]>()
  /** Literals between two wildcards. */
  readonly #inner = new Set<string>()
  readonly #expressions: ExpressionIndex

  constructor(patterns: readonly string[]) {
    this.#expressions = new ExpressionIndex(
      patterns.flatMap(one => (one.startsWith(EXPRESSION) ? one.slice(EXPRESSION.length) : []))
    )
    for (const pattern of patterns) this.#add(pattern)
  }

  #add(pattern: string): void {
    const text = pattern.toLowerCase()
    let end = 0
    for (let at = text.indexOf('*'); at >= 0; at = text.indexOf('*', end)) {
      const length = text[at - 1] === '{' ? templateLength(text, at - 1) : 0
      const start = length > 0 ? at - 1 : at
      // Between two wildcards.
      if (end > 0 && start > end && nameEnd(text, end) >= start) this.#inner.add(text.slice(end, start))
      end = length > 0 ? start + length : at + 1
      this.#addBeginnings(text, start, pattern)
      this.#addEnds(text, end, pattern)
    }
  }

  /** Adds what precedes a wildcard, from each part of a name. */
  #addBeginnings(text: string, end: number, pattern: string): void {
    const first = Math.max(0, end - MAX_NAME)
    for (let at = end; at > first && isOfName(text[at - 1]); at -= 1) {
      if (text[at - 1] !== '-' && !isLetterOrDigit(text[at - 2]))
        addTo(this.#beginnings, text.slice(at - 1, end), pattern)
    }
  }

  /** Adds what follows a wildcard, to each part of a name. */
  #addEnds(text: string, start: number, pattern: string): void {
    const last = Math.min(text.length, start + MAX_NAME)
    for (let at = start; at < last && isOfName(text[at]); at += 1) {
      if (text[at] !== '-' && !isLetterOrDigit(text[at + 1])) addTo(this.#ends, text.slice(start, at + 1), pattern)
    }
  }

  /** Parts of the name that patterns match on, with the patterns; the whole name if they can match any part. */
  matchedParts(name: string): readonly string[] {
    const relation = this.#expressions.relationOf(name)
    const matched = relation === '' ? [] : [relation]
    const add = (place: string, part: string, patterns: readonly string[] | undefined) => {
      for (const pattern of patterns ?? []) matched.push(`${place} ${part} ${pattern}`)
    }
    for (let at = 1; at <= name.length && this.#beginnings.size > 0; at += 1)
      add('^', name.slice(0, at), this.#beginnings.get(name.slice(0, at)))
    for (let at = 0; at < name.length && this.#ends.size > 0; at += 1)
      add('$', name.slice(at), this.#ends.get(name.slice(at)))
    for (const literal of this.#inner) if (name.includes(literal)) matched.push(literal)
    return matched.sort()
  }
}

/** Most parts have one pattern, and a list that grows reserves memory for many. */
function addTo(lists: Map<string, string[]>, part: string, pattern: string): void {
  const same = lists.get(part)
  if (same === undefined) lists.set(part, [pattern])
  else same.push(pattern)
}

/** Length of the path template at an offset; 0 if there is none. */
const templateLength = (text: string, at: number) => TEMPLATES.find(one => text.startsWith(one, at))?.length ?? 0
const TEMPLATES = ['{*}', '{**}']

/** Offset of the first character that no name contains. */
function nameEnd(text: string, start: number): number {
  let at = start
  while (at < text.length && isOfName(text[at])) at += 1
  return at
}

const isLetterOrDigit = (char = '') => (char >= 'a' && char <= 'z') || (char >= '0' && char <= '9')
const isOfName = (char = '') => char === '-' || isLetterOrDigit(char)
