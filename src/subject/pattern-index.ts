import { getOrAdd } from '../state/map.ts'
import { ANY_NAME } from './words.ts'

const WILDCARD = /\{\*\*?\}|\*/
const OTHER = /[^a-z0-9-]/

/** Patterns by the parts of names that they match on. */
export class PatternIndex {
  /** By the beginning of a name, before a wildcard. */
  readonly #beginnings = new Map<string, string[]>()
  /** By the end of a name, after a wildcard. */
  readonly #ends = new Map<string, string[]>()
  /** Literals between two wildcards. */
  readonly #inner = new Set<string>()
  readonly #matchesAny: boolean

  constructor(patterns: readonly string[]) {
    this.#matchesAny = patterns.includes(ANY_NAME)
    for (const pattern of patterns) this.#add(pattern)
  }

  #add(pattern: string): void {
    const literals = pattern.toLowerCase().split(WILDCARD)
    for (const [i, literal] of literals.entries()) {
      const segments = literal.split(OTHER)
      const before = i === literals.length - 1 ? '' : segments.at(-1)
      const after = i === 0 ? '' : segments[0]
      for (const part of fromEachDash(before)) getOrAdd(this.#beginnings, part, (): string[] => []).push(pattern)
      for (const part of toEachDash(after)) getOrAdd(this.#ends, part, (): string[] => []).push(pattern)
      if (literal !== '' && before === literal && after === literal) this.#inner.add(literal)
    }
  }

  /** Parts of the name that patterns match on, with the patterns; the whole name if they can match any part. */
  matchedParts(name: string): readonly string[] {
    if (this.#matchesAny) return [name]
    const matched: string[] = []
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

const toEachDash = (segment = '') => parts(segment, (all, i) => all.slice(0, i + 1))
const fromEachDash = (segment = '') => parts(segment, (all, i) => all.slice(i))

function parts(segment: string, sliceAt: (all: readonly string[], i: number) => readonly string[]): readonly string[] {
  const all = segment.split('-')
  return all.flatMap((part, i) => (part === '' ? [] : sliceAt(all, i).join('-')))
}
