import type { Cause, Causes } from '../causes.ts'
import type { HopView } from '../explanation.ts'
import { plural } from '../text.ts'
import type { CauseSummary, Cell } from './document.ts'
import { toCauseData } from './hop-data.ts'

/** Causes that are listed; each path has its own. */
const MAX_CAUSES = 100

/** The first causes of a page, each with one of its messages and fixes. */
export function summarize({ all }: Causes): readonly CauseSummary[] {
  return all.slice(0, MAX_CAUSES).map(({ number, failures: [first], unknownReason, inferenceServices }: Cause) => ({
    ...(first === undefined ? unknownCause(`${unknownReason}`) : toCauseData(first)),
    number,
    inferenceServices: inferenceServices.length
  }))
}

const unknownCause = (message: string) => ({ rule: 'unknown', message, at: '', symptom: '', fix: '', yaml: '' })

/** What the list of causes omits. */
export function omittedCauses({ all }: Causes): readonly string[] {
  const { length } = all.slice(MAX_CAUSES)
  return length === 0 ? [] : [`${plural(length, 'other cause')} only shown with the request paths`]
}

/** Links to the causes of these paths that are listed. */
export function causeCell(causes: Causes, paths: readonly { readonly hops: readonly HopView[] }[]): Cell {
  const numbers = causes.numbersOf(paths.flatMap(({ hops }) => hops))
  const listed = numbers.filter(one => one <= MAX_CAUSES)
  return { text: numbers.length === 0 ? '-' : numbers.length > listed.length ? 'see paths' : '', causes: listed }
}
