/** Special values in lower case, which Go matches case-insensitively. NaN has no sign. */
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ...['inf', '+inf', 'infinity', '+infinity'].map(word => [word, Number.POSITIVE_INFINITY] as const),
  ...['-inf', '-infinity'].map(word => [word, Number.NEGATIVE_INFINITY] as const)
])

/** Parts of a number, without sign, underscores and prefix. */
interface Parts {
  readonly isHex: boolean
  readonly whole: string
  readonly fraction: string
  /** Exponent of base 10, or of base 2 if the number is hexadecimal. */
  readonly exponent: number
}

/**
 * Parses a number like Go's `strconv.ParseFloat` with 64 bits, in linear time. Exception: Go misreads some numbers with
 * more than 800 digits before the point and a negative exponent (limit in decimal.set); they are parsed correctly here.
 *
 * @returns `undefined` if Go returns an error: not a number (ErrSyntax) or too large (ErrRange).
 * @see go src/internal/strconv/atof.go (special, readFloat, atofHex), atoi.go (underscoreOK); Go 1.26
 */
export function parseGoFloat(text: string): number | undefined {
  const lower = text.toLowerCase()
  const special = SPECIAL.get(lower)
  if (special !== undefined) return special
  const parts = partsOf(withoutSign(lower))
  if (parts === undefined) return undefined
  const { isHex, whole, fraction, exponent } = parts
  const value = isHex ? fromHex(parts) : Number(`${whole}.${fraction}e${exponent}`)
  if (!Number.isFinite(value)) return undefined
  return text.startsWith('-') ? -value : value
}

/** @param number without its sign, in lower case */
function partsOf(number: string): Parts | undefined {
  const isHex = number.startsWith('0x')
  const isOfBase = isHex ? isHexDigit : isDigit
  const [mantissa, power = isHex ? '' : '0'] = cut(isHex ? number.slice(2) : number, isHex ? 'p' : 'e')
  const [whole, fraction = ''] = cut(mantissa, '.')
  const digits = withoutSign(power)
  if (whole + fraction === '' || digits === '') return undefined
  // An underscore can follow the prefix, as if that were a digit.
  const areWhole = areDigits(isHex ? `0${whole}` : whole, isOfBase)
  if (!areWhole || !areDigits(fraction, isOfBase) || !areDigits(digits, isDigit)) return undefined
  const exponent = toExponent(plain(digits))
  return {
    isHex,
    whole: plain(whole),
    fraction: plain(fraction),
    exponent: power.startsWith('-') ? -exponent : exponent
  }
}

const withoutSign = (text: string) => (text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text)

/** Splits at the first separator, like Go's `strings.Cut`. */
function cut(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

const isDigit = (char: string) => char >= '0' && char <= '9'
const isHexDigit = (char: string) => isDigit(char) || (char >= 'a' && char <= 'f')

/** True for digits, and underscores that each have a digit before and after them. */
function areDigits(text: string, isOfBase: (char: string) => boolean): boolean {
  let before = '_'
  for (const char of text) {
    if (char === '_' ? before === '_' : !isOfBase(char)) return false
    before = char
  }
  return text === '' || before !== '_'
}

const plain = (digits: string) => digits.replaceAll('_', '')

function withoutLeadingZeros(digits: string): string {
  let start = 0
  while (digits[start] === '0') start += 1
  return digits.slice(start)
}

/** Go stops reading an exponent after five digits: the number is too large, or zero, in any case. */
const toExponent = (digits: string) => Number(withoutLeadingZeros(digits).slice(0, 5))

/** Go keeps the digits that fit in 64 bits, and of the rest only whether one is not zero. */
const KEPT_DIGITS = 16
const BITS_PER_DIGIT = 4
const MANTISSA_BITS = 53
/** Exponent of the lowest bit of a 64-bit float. */
const MIN_EXPONENT = -1074

function fromHex({ whole, fraction, exponent }: Parts): number {
  const digits = withoutLeadingZeros(whole + fraction)
  if (digits === '') return 0
  const [kept, others] = [digits.slice(0, KEPT_DIGITS), digits.slice(KEPT_DIGITS)]
  const isExact = others.replaceAll('0', '') === ''
  const shift = exponent + BITS_PER_DIGIT * (others.length - fraction.length)
  return round(BigInt(`0x${kept}`) | (isExact ? 0n : 1n), shift)
}

/** `mantissa * 2 ** exponent`, rounded once, half to even. */
function round(mantissa: bigint, exponent: number): number {
  const bits = mantissa.toString(2).length
  const lowest = Math.max(exponent + bits - MANTISSA_BITS, MIN_EXPONENT)
  const dropped = lowest - exponent
  if (dropped <= 0) return Number(mantissa) * 2 ** exponent
  const [kept, rest, half] = [mantissa >> BigInt(dropped), BigInt.asUintN(dropped, mantissa), 1n << BigInt(dropped - 1)]
  const isUp = rest > half || (rest === half && kept % 2n === 1n)
  return Number(kept + (isUp ? 1n : 0n)) * 2 ** lowest
}
