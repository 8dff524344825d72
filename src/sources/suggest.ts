import { closest, distance } from 'fastest-levenshtein'

/**
 * `; did you mean x?`, or nothing if no candidate is near. A candidate is near if the written word is its beginning, or
 * else its name in another namespace, or else if at most a third of the characters differ.
 */
export function suggest(written: string, candidates: readonly string[]): string {
  const [, name = ''] = written.split('/')
  const near = [
    (candidate: string) => written !== '' && candidate.startsWith(written),
    (candidate: string) => name !== '' && candidate.endsWith(`/${name}`),
    (candidate: string) => distance(written, candidate) <= written.length / 3
  ]
    .map(isNear => candidates.filter(isNear))
    .find(({ length }) => length > 0)
  return near === undefined ? '' : `; did you mean ${closest(written, near)}?`
}
