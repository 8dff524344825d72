/** Data of a page, which its script reads. */

export type Verdict = 'ok' | 'blocked' | 'unknown'

export interface HopData {
  readonly client: string
  readonly server: string
  readonly verdict: Verdict
  /** TLS and identity. */
  readonly labels: readonly string[]
  /** Authorization or failure, and the object that decides. */
  readonly result: readonly string[]
  /** What client and server are configured to do, and by which objects. */
  readonly facts: readonly string[]
}

export interface CauseData {
  readonly rule: string
  readonly message: string
  /** Object and field at fault; empty if the rule was not evaluated. */
  readonly at: string
  readonly symptom: string
  readonly fix: string
  /** Objects of the fix as YAML; empty if the fix has none. */
  readonly yaml: string
}

/** One drawing of a path. */
export interface FigureData {
  readonly title: string
  /** Positions in `hops`; none if the state has no such path. */
  readonly hops: readonly number[]
}

/** Row of the list of request paths of a model. */
export interface PathData {
  readonly verdict: Verdict
  /** `ok`, `BLOCKED`, or what changes. */
  readonly result: string
  /** Positions in `callers`, as ranges. */
  readonly callers: string
  readonly address: string
  readonly figures: readonly FigureData[]
  /** Positions in `causes`. */
  readonly causes: readonly number[]
  readonly notes: readonly string[]
}

export interface BodyData {
  readonly paths: readonly PathData[]
  readonly notes: readonly string[]
}

/** Texts of hops, causes and bodies have placeholders for the names of the model. */
export interface PageData {
  readonly callers: readonly string[]
  readonly hops: readonly HopData[]
  readonly causes: readonly CauseData[]
  readonly bodies: readonly BodyData[]
  /** `namespace/name` of each model, and the position of its body. */
  readonly models: readonly (readonly [inferenceService: string, body: number])[]
}

const PLACEHOLDERS = { namespace: '\ue000', name: '\ue001' } as const

function namesOf(inferenceService: string) {
  const at = inferenceService.indexOf('/')
  return [
    { text: inferenceService.slice(at + 1), placeholder: PLACEHOLDERS.name },
    { text: inferenceService.slice(0, Math.max(at, 0)), placeholder: PLACEHOLDERS.namespace }
  ].filter(({ text }) => text !== '')
}

/** Private-use characters have no glyph; those of the input are shown as unknown characters. */
const withoutPlaceholders = (text: string) =>
  Object.values(PLACEHOLDERS).reduce((all, one) => all.replaceAll(one, '\ufffd'), text)

/** Replaces the names of the model, so that models that differ only in their names have equal data. */
export function withoutNames<T>(value: T, inferenceService: string): T {
  const names = namesOf(inferenceService)
  return mapTexts(value, text =>
    names.reduce((all, one) => all.replaceAll(one.text, () => one.placeholder), withoutPlaceholders(text))
  )
}

/** Reverses `withoutNames`. */
export function withNames<T>(value: T, inferenceService: string): T {
  const names = namesOf(inferenceService)
  return mapTexts(value, text => names.reduce((all, one) => all.replaceAll(one.placeholder, () => one.text), text))
}

/** Copy of a value of plain data with other texts. */
export function mapTexts<T>(value: T, toText: (text: string) => string): T
export function mapTexts(value: unknown, toText: (text: string) => string): unknown {
  if (typeof value === 'string') return toText(value)
  if (Array.isArray(value)) return value.map(one => mapTexts(one, toText))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapTexts(one, toText)]))
}

/** `0-2,5` for the sorted numbers 0, 1, 2 and 5. */
export function toRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const one of numbers) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === one - 1) last[1] = one
    else ranges.push([one, one])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

/** Reverses `toRanges`. */
export function fromRanges(ranges: string): readonly number[] {
  return ranges.split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/** Parts of a text: every second one is between backticks. */
export const codeParts = (text: string): readonly string[] => text.split('`')
