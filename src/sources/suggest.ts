import { closest } from 'fastest-levenshtein'

/** `; did you mean x?`: the right word that is nearest to what was written, if there are any. */
export function suggest(written: string, right: readonly string[]): string {
  if (right.length === 0) return ''
  return `; did you mean ${closest(written, right)}?`
}
