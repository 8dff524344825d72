import { nameOf } from '../state/resource.ts'
import { Causes, causeLines, references } from './causes.ts'
import type { Explanation, HopView, ModelView, PathView } from './explanation.ts'
import { type Group, groupBy } from './group.ts'
import { hopLines, NOT_MODELED, SEVERITY, STATUS_LABELS } from './hop-text.ts'
import { installationLines } from './installation.ts'
import { toOverview } from './overview-text.ts'
import { table } from './table.ts'
import { listNames, skipLine, suppressionLine } from './text.ts'

/** What is printed about each InferenceService: a line, its paths, or its paths and hops. */
export type Detail = 'overview' | 'paths' | 'hops'

/**
 * Text output. Causes are numbered, and printed once.
 *
 * @param showFix also prints the objects of the fixes
 * @param columns width of the terminal
 */
export function toExplanationText(
  explanation: Explanation,
  detail: Detail,
  showFix: boolean,
  columns = Infinity
): string {
  const { models, notEvaluated, skipped, installation } = explanation
  if (models.length + notEvaluated.length + skipped.length === 0) return 'no InferenceService found'
  return [
    ...(detail === 'overview'
      ? toOverview(models, showFix, columns)
      : models.flatMap(one => modelLines(one, detail, showFix, columns))),
    ...notEvaluated.map(skipLine),
    ...skipped.map(suppressionLine),
    ...(detail === 'hops' ? installationLines(installation) : [])
  ]
    .join('\n')
    .trimEnd()
}

const INDENT = '  '

function modelLines(model: ModelView, detail: Detail, showFix: boolean, columns: number): readonly string[] {
  const { inferenceService, paths, unpublished } = model
  const causes = new Causes([model])
  return [
    `${inferenceService}: ${count(paths)}`,
    ...unpublished.map(one => `  ${unpublishedText(one)}`),
    ...pathTable(paths, causes, columns - INDENT.length).map(line => `${INDENT}${line}`),
    ...causes.all.flatMap(cause => ['', ...causeLines(cause, showFix ? 'objects' : 'text')]),
    ...(detail === 'hops' ? ['', ...hopsOf(paths, causes)] : []),
    ''
  ]
}

export function unpublishedText({ caller, reason, object, field }: ModelView['unpublished'][number]): string {
  return `NOT PUBLISHED for ${caller} callers: ${reason} (${nameOf(object)} ${field})`
}

function count(paths: readonly PathView[]): string {
  if (paths.length === 0) return NOT_MODELED
  const counts = (['ok', 'blocked', 'unknown'] as const).flatMap(wanted => {
    const { length } = paths.filter(({ verdict }) => verdict === wanted)
    return length === 0 ? [] : [`${length} ${wanted}`]
  })
  return `${counts.join(', ')} of ${paths.length} paths`
}

/** A row for each result, with the addresses that have it. */
function pathTable(paths: readonly PathView[], causes: Causes, columns: number): readonly string[] {
  const hasClasses = hasCallerClasses(paths)
  const rows = paths.map(path => ({
    verdict: path.verdict,
    result: `${STATUS_LABELS[path.verdict].trim()}${references(causes.numbersOf(path.hops))}`,
    caller: callerLabel(path, hasClasses),
    address: entryLabel(path).replace(/^via /, ''),
    hops: `${drawHops(path.hops)}${path.revision === undefined ? '' : ', previous revision'}`
  }))
  const merged = groupBy(rows, ({ result, caller, hops }) => JSON.stringify([result, caller, hops]))
  const ordered = SEVERITY.flatMap(wanted => [...merged.values()].filter(([{ verdict }]) => verdict === wanted))
  if (ordered.length === 0) return []
  return table([['RESULT', 'CALLER', 'ADDRESS', 'PATH'], ...ordered.map(toRow)], columns)
}

type Row = Readonly<Record<'result' | 'caller' | 'address' | 'hops', string>>

function toRow(group: Group<Row>): readonly string[] {
  const [{ result, caller, hops }] = group
  return [result, caller, [...new Set(group.map(({ address }) => address))].join(' or '), hops]
}

const ARROWS = { ok: '-->', blocked: '--x', unknown: '--?' } as const

/** `caller --> ingress-gateway --x local-gateway` of hops named `caller->ingress-gateway` and `ingress-gateway->local-gateway`. */
function drawHops(hops: readonly HopView[]): string {
  return hops
    .map(({ name, verdict }, i) => {
      const [server = '', client = ''] = name.split('->').reverse()
      return `${i === 0 ? client : ''} ${ARROWS[verdict]} ${server}`
    })
    .join('')
    .trimStart()
}

/** True if some paths are of callers in named namespaces. */
export const hasCallerClasses = (paths: readonly Pick<PathView, 'caller' | 'callerNamespaces'>[]) =>
  paths.some(({ caller, callerNamespaces }) => caller === 'in-mesh' && callerNamespaces !== undefined)

/** @param hasClasses whether other paths are of callers in named namespaces */
export function callerLabel(
  { caller, callerNamespaces, expected }: Pick<PathView, 'caller' | 'callerNamespaces' | 'expected'>,
  hasClasses: boolean
): string {
  const any = `any ${hasClasses ? 'other ' : ''}namespace`
  const where = caller === 'in-mesh' ? ` (${callerNamespaces === undefined ? any : listNames(callerNamespaces)})` : ''
  return `${caller}${where}${expected ? '' : ' (if any exist)'}`
}

export function entryLabel({ caller, via }: Pick<PathView, 'caller' | 'via'>): string {
  if (via === 'address') return 'via InferenceService URL'
  if (via === 'component') return 'via component host'
  return caller === 'external' ? `via ${via}` : via
}

/** Each hop once, with what configures it. */
function hopsOf(paths: readonly PathView[], causes: Causes): readonly string[] {
  const hops = groupBy(
    paths.flatMap(path => path.hops),
    hop => JSON.stringify({ ...hop, failure: hop.failure?.message })
  )
  return [...hops.values()].flatMap(([hop]) => {
    const [head, ...facts] = hopLines(hop, new Set(), () => [])
    return [`  ${head}${references(causes.numbersOf([hop]))}`, ...facts.map(line => `  ${line}`)]
  })
}
