import { closest, distance } from 'fastest-levenshtein'

/**
 * `; did you mean x?`, or nothing if no candidate is near. A candidate is near if it starts with the word, or
 * else has the same name in another namespace, or else differs in at most a third of the characters.
 */
export function suggest(written: string, candidates: readonly string[]): string {
  const [, name = ''] = written.split('/')
  const near = [
    (candidate: string) => written !== '' && candidate.startsWith(written),
    (candidate: string) => name !== '' && candidate.endsWith(`/${name}`),
    (candidate: string) => edits(written, candidate) <= written.length / 3
  ]
    .map(isNear => candidates.filter(isNear))
    .find(({ length }) => length > 0)
  return near === undefined ? '' : `; did you mean ${closest(written, near)}?`
}

/** Levenshtein distance, in which one swap of neighboring characters counts as one edit. */
function edits(written: string, candidate: string): number {
  const swapped = Array.from(
    { length: written.length - 1 },
    (_, i) => `${written.slice(0, i)}${written[i + 1]}${written[i]}${written.slice(i + 2)}`
  )
  return Math.min(distance(written, candidate), ...swapped.map(one => 1 + distance(one, candidate)))
}
