import { closest } from 'fastest-levenshtein'

/** "did you mean x?", where one of the right words is near enough to what was written. */
export function suggest(written: string, right: readonly string[]): string {
  if (right.length === 0) return ''
  return `; did you mean ${closest(written, right)}?`
}
