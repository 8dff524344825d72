const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** Characters of DNS labels without the dash, in order. */
const CHARACTERS = `0123456789${LETTERS}`

/**
 * Short prefix, if possible one that ends with a letter, whose every continuation sorts between two words.
 *
 * @param low empty for the smallest word
 * @param high empty for the largest word
 * @returns `undefined` if there is none
 */
function prefixBetween(low: string, high = ''): string | undefined {
  const common = commonLength(low, high)
  const found = [
    extend(low.slice(0, common), low[common], high[common]),
    ...placesAfter(common, high).map(i => extend(high, undefined, high[i], i)),
    ...placesAfter(common, `${low} `).map(i => extend(low, low[i], undefined, i))
  ].flat()
  return found.find(endsWithLetter) ?? found[0]
}

function commonLength(a: string, b: string): number {
  const different = [...a].findIndex((character, i) => character !== b[i])
  return different === -1 ? a.length : different
}

const placesAfter = (from: number, word: string) => [...word].map((_, i) => i).filter(i => i > from)
const endsWithLetter = (word: string) => LETTERS.includes(word.slice(-1))

/** The start of a word with one more character between two, if possible a letter; empty if there is none. */
function extend(
  word: string,
  low: string | undefined,
  high: string | undefined,
  length = word.length
): readonly string[] {
  const between = [...CHARACTERS].filter(one => (low === undefined || one > low) && (high === undefined || one < high))
  const letters = between.filter(endsWithLetter)
  const best = letters.length > 0 ? letters : between
  return best.slice(best.length / 2, best.length / 2 + 1).map(one => word.slice(0, length) + one)
}

/**
 * Pseudonyms of words in their order, each between the same kept words.
 *
 * @param isKept words that stay, and that no pseudonym may equal
 */
export function toPseudonyms(
  words: ReadonlySet<string>,
  isKept: (word: string) => boolean
): ReadonlyMap<string, string> {
  const groups: { readonly low: string; readonly words: string[] }[] = [{ low: '', words: [] }]
  for (const word of [...words].sort()) {
    if (isKept(word)) groups.push({ low: word, words: [] })
    else groups.at(-1)?.words.push(word)
  }
  return new Map(
    groups.flatMap(({ low, words: all }, i) => nameAll(all, prefixBetween(low, groups[i + 1]?.low), isKept))
  )
}

/** Without a prefix the words stay. */
function nameAll(
  words: readonly string[],
  prefix: string | undefined,
  isKept: (word: string) => boolean
): readonly (readonly [string, string])[] {
  if (prefix === undefined) return []
  const width = Math.max(MIN_CODE, Math.ceil(Math.log(words.length + RESERVE) / Math.log(LETTERS.length)))
  let n = 0
  return words.map(word => {
    while (isKept(prefix + codeOf(n, width))) n++
    return [word, prefix + codeOf(n++, width)] as const
  })
}

const MIN_CODE = 3
/** More codes than words, for those that are known words. */
const RESERVE = 1_000

/** The n-th of all codes of this length, in order. */
function codeOf(n: number, width: number): string {
  const digits = Array.from({ length: width }, (_, i) => Math.floor(n / LETTERS.length ** (width - 1 - i)))
  return digits.map(digit => LETTERS[digit % LETTERS.length]).join('')
}
