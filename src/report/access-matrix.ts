import type { AccessPathView, AccessView, CallsView } from './access.ts'
import { tailLines, workloadName } from './access-text.ts'
import { NOT_MODELED, SEVERITY, STATUS_LABELS } from './hop-text.ts'
import { table } from './table.ts'

/**
 * Text output: a row for each workload, and a column for each model.
 *
 * @returns nothing if there is no workload or model, or the table is wider than `columns`
 */
export function toAccessMatrix(access: AccessView, columns: number): string | undefined {
  const models = access.models.filter(({ modeled }) => modeled)
  if (models.length === 0 || access.workloads.length === 0) return undefined
  const rows = access.workloads.map((workload, position) => [
    workloadName(workload),
    ...models.map(({ calls }) => cellOf(calls.filter(({ workloads }) => workloads.includes(position))))
  ])
  const head = ['WORKLOAD', ...models.map(({ inferenceService }) => inferenceService)]
  // Workloads that differ only in labels have equal names.
  const lines = [...new Set(table([head, ...rows]))]
  if (lines.some(({ length }) => length > columns)) return undefined
  return [
    ...lines,
    ...access.models.filter(one => !models.includes(one)).map(one => `${one.inferenceService}: ${NOT_MODELED}`),
    '',
    'mesh-guard access NAMESPACE/NAME shows addresses, identities and causes',
    ...tailLines(access)
  ].join('\n')
}

/** Result of all paths by all addresses; with their number if only some have it. */
function cellOf(calls: readonly CallsView[]): string {
  const paths = calls.flatMap(one => one.paths)
  const worst = SEVERITY.find(wanted => paths.some(({ verdict }) => verdict === wanted))
  if (worst === undefined) return '-'
  const { length } = paths.filter(({ verdict }) => verdict === worst)
  const label = `${STATUS_LABELS[worst].trim()}${length === paths.length ? '' : ` ${length}/${paths.length}`}`
  return paths.some(needsToken) ? `${label} (JWT)` : label
}

const needsToken = ({ verdict, jwtRequired }: AccessPathView) => verdict === 'ok' && jwtRequired
