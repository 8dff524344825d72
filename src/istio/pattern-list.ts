import { memoize } from '../state/memoize.ts'
import { hasTemplate } from '../text/pattern.ts'

/** Length of lists below which each pattern is faster to match than to look up. */
const MIN_LENGTH = 8

/**
 * Returns a function that finds the patterns of a list that can match a text, by `matches` or `matchesPath`: time is independent of
 * the number of patterns without template. Memoized by list.
 */
export const candidatesFor: (patterns: readonly string[]) => (text: string) => readonly string[] = memoize(patterns => {
  if (patterns.length < MIN_LENGTH) return () => patterns
  const known = new Set(patterns)
  const prefixLengths = new Set<number>()
  const suffixLengths = new Set<number>()
  const templates: string[] = []
  for (const pattern of known) {
    if (hasTemplate(pattern)) templates.push(pattern)
    else if (pattern.startsWith('*')) suffixLengths.add(pattern.length - 1)
    else if (pattern.endsWith('*')) prefixLengths.add(pattern.length - 1)
  }
  return text => {
    const fits = (length: number) => length <= text.length
    const wildcards = [
      ...[...prefixLengths].filter(fits).map(length => `${text.slice(0, length)}*`),
      ...[...suffixLengths].filter(fits).map(length => `*${text.slice(text.length - length)}`)
    ]
    return [text, ...wildcards].filter(pattern => known.has(pattern)).concat(templates)
  }
})
