import type { Labels } from './selector.ts'

/** Both spellings are Knative's. Where both stand, the first one alone counts, whatever its value. */
export const BURST_CAPACITY_KEYS = [
  'autoscaling.knative.dev/target-burst-capacity',
  'autoscaling.knative.dev/targetBurstCapacity'
] as const

/** The spelling that KServe's and Knative's pages use. */
export const BURST_CAPACITY = BURST_CAPACITY_KEYS[1]

const DIGITS = String.raw`\d+(?:_\d+)*`
const HEX_DIGITS = String.raw`[\da-f]+(?:_[\da-f]+)*`
const DECIMAL = new RegExp(String.raw`^[+-]?(?:${DIGITS}\.?(?:${DIGITS})?|\.${DIGITS})(?:e[+-]?${DIGITS})?$`, 'i')
const HEX = new RegExp(
  String.raw`^([+-]?)0x_?(?=\.?[\da-f])((?:${HEX_DIGITS})?)\.?((?:${HEX_DIGITS})?)p([+-]?${DIGITS})$`,
  'i'
)

/**
 * Reads a number as Go's `strconv.ParseFloat` does: with underscores, hexadecimal and in words, but without blanks.
 *
 * @returns `undefined` for what Go refuses, numbers that are too large included.
 * @see https://pkg.go.dev/strconv#ParseFloat
 */
export function parseGoFloat(text: string): number | undefined {
  if (/^nan$/i.test(text)) return Number.NaN
  if (/^[+-]?inf(inity)?$/i.test(text))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const plain = text.replaceAll('_', '')
  const hex = HEX.test(text) ? HEX.exec(plain) : null
  const value = hex !== null ? fromHex(hex) : DECIMAL.test(text) ? Number(plain) : undefined
  return value !== undefined && Number.isFinite(value) ? value : undefined
}

function fromHex([, sign, whole = '', fraction = '', exponent]: RegExpExecArray): number {
  const mantissa = Number.parseInt(`0${whole}${fraction}`, 16) * 2 ** (Number(exponent) - 4 * fraction.length)
  return sign === '-' ? -mantissa : mantissa
}

export interface BurstCapacity {
  readonly key: (typeof BURST_CAPACITY_KEYS)[number]
  readonly text: string
  /** Absent: Knative refuses the text. NaN and infinity are taken, and keep the activator on the path. */
  readonly value: number | undefined
}

/**
 * What Knative makes of a revision's annotations: -1 (activator always on the path), 0 (off it while pods run) or more.
 * @see knative serving pkg/apis/autoscaling/annotation_validation.go (validateFloats), register.go
 */
export function findBurstCapacity(annotations: Labels): BurstCapacity | undefined {
  for (const key of BURST_CAPACITY_KEYS) {
    const text = annotations[key]
    if (text === undefined) continue
    const value = parseGoFloat(text)
    return { key, text, value: value !== undefined && (value === -1 || !(value < 0)) ? value : undefined }
  }
  return undefined
}
