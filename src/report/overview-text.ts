import { Causes, causeLines } from './causes.ts'
import type { ModelView, PathView } from './explanation.ts'
import { type Group, groupBy } from './group.ts'
import { NOT_MODELED, SEVERITY, STATUS_LABELS } from './hop-text.ts'
import { table } from './table.ts'
import { listNames, plural } from './text.ts'

const HEAD = ['RESULT', 'INFERENCESERVICES', 'EXTERNAL', 'IN-MESH', 'NON-MESH', 'PROBE', 'CAUSES']
export const CALLERS = ['external', 'in-mesh', 'non-mesh', 'probe'] as const
/** Names of InferenceServices per row. */
const MAX_NAMES = 3
/** Rows, and causes, so that the overview of a large cluster fits a screen. */
const MAX_ROWS = 12

interface Row {
  readonly name: string
  readonly verdict: PathView['verdict']
  /** By caller, then the causes. */
  readonly cells: readonly string[]
}

/** One row for all InferenceServices with equal results, most severe first, then the causes. */
export function toOverview(models: readonly ModelView[], showFix: boolean, columns: number): readonly string[] {
  const modeled = models.filter(({ paths }) => paths.length > 0)
  const ordered = SEVERITY.flatMap(wanted => modeled.filter(one => worstOf(one.paths) === wanted))
  const causes = new Causes(ordered)
  const open = ordered.filter(one => worstOf(one.paths) === 'ok')
  const rows = ordered.slice(0, ordered.length - open.length).map(one => toRow(one, causes))
  const groups = [...groupBy(rows, ({ verdict, cells }) => JSON.stringify([verdict, cells])).values()]
  const shown = groups.slice(0, MAX_ROWS)
  const left = groups.slice(MAX_ROWS).flat().length
  return [
    ...(shown.length === 0 ? [] : table([HEAD, ...shown.map(toCells)], columns)),
    ...(left === 0
      ? []
      : [`and ${plural(left, 'other InferenceService')}; -n selects those of a namespace, -o json prints all`]),
    ...(open.length === 0 ? [] : [`${STATUS_LABELS.ok}  ${namesOf(open.map(one => one.inferenceService))}`]),
    ...models.filter(one => !modeled.includes(one)).map(one => `${one.inferenceService}: ${NOT_MODELED}`),
    ...(causes.all.length === 0 ? [] : ['']),
    ...causes.all.slice(0, MAX_ROWS).flatMap(cause => causeLines(cause, showFix ? 'objects' : 'none', 1)),
    ...(causes.all.length > MAX_ROWS ? [`and ${plural(causes.all.length - MAX_ROWS, 'other cause')}`] : []),
    '',
    `${rows.length} of ${plural(models.length, 'InferenceService')} affected; mesh-guard explain NAMESPACE/NAME shows the paths`
  ]
}

/** Most severe verdict. */
export function worstOf(paths: readonly Pick<PathView, 'verdict'>[]): PathView['verdict'] {
  const ranks = paths.map(({ verdict }) => SEVERITY.indexOf(verdict))
  return SEVERITY[Math.min(...ranks)] as PathView['verdict']
}

function toRow({ inferenceService, paths, unpublished }: ModelView, causes: Causes): Row {
  const cells = CALLERS.map(caller => {
    if (unpublished.some(one => one.caller === caller)) return 'not published'
    return cellOf(paths.filter(path => path.caller === caller))
  })
  const numbers = causes.numbersOf(paths.flatMap(({ hops }) => hops))
  return { name: inferenceService, verdict: worstOf(paths), cells: [...cells, numbers.join(',')] }
}

/** Result of these paths; with their number if only some have it. */
export function cellOf(paths: readonly Pick<PathView, 'verdict'>[]): string {
  if (paths.length === 0) return '-'
  const worst = worstOf(paths)
  const { length } = paths.filter(({ verdict }) => verdict === worst)
  const label = STATUS_LABELS[worst].trim()
  return length === paths.length ? label : `${label} ${length}/${paths.length}`
}

function toCells(group: Group<Row>): readonly string[] {
  const [{ verdict, cells }] = group
  return [STATUS_LABELS[verdict].trim(), namesOf(group.map(({ name }) => name)), ...cells]
}

/** The first names, with the number of all. */
export function namesOf(names: readonly string[]): string {
  const listed = listNames(names, MAX_NAMES)
  return names.length > 1 ? `${names.length}: ${listed}` : listed
}
