import { getOrAdd } from '../../state/map.ts'
import type { AccessView, CallsView } from '../access.ts'
import { cellOf, namesOf, worstOf } from '../overview-text.ts'
import type { Cell } from './document.ts'

/** Columns, so that a table has a width that can be read. */
const MAX_COLUMNS = 12

export interface AccessMatrix {
  /** Names of workloads with equal results. */
  readonly columns: readonly string[]
  /** A row for each InferenceService. */
  readonly cells: readonly (readonly Cell[])[]
  /** Number of workloads that are in no column. */
  readonly others: number
}

/** Results of groups of workloads. A workload of a model does not call it, and is equal to all there. */
export function toAccessMatrix({ models }: AccessView, names: readonly string[]): AccessMatrix {
  const results = models.map(cellsByWorkload)
  const groups: { readonly workloads: number[]; readonly cells: (Cell | undefined)[] }[] = []
  let others = 0
  for (const workload of names.keys()) {
    const own = results.map(byWorkload => byWorkload[workload])
    const group = groups.find(({ cells }) => cells.every((cell, i) => isEqual(cell, own[i])))
    if (group !== undefined) {
      group.workloads.push(workload)
      for (const [i, cell] of own.entries()) group.cells[i] ??= cell
    } else if (groups.length < MAX_COLUMNS) groups.push({ workloads: [workload], cells: own })
    else others += 1
  }
  return {
    columns: groups.map(({ workloads }) => namesOf(workloads.map(one => names[one] as string))),
    cells: models.map((_, i) => groups.map(({ cells }) => cells[i] ?? { text: '-' })),
    others
  }
}

const isEqual = (one: Cell | undefined, other: Cell | undefined) =>
  one === undefined || other === undefined || one.text === other.text

/** The result of each workload, for all its paths. Workloads with the same calls have one. */
function cellsByWorkload({ calls }: AccessView['models'][number]): readonly (Cell | undefined)[] {
  // Positions of the calls of each workload.
  const own: string[] = []
  for (const [i, { workloads }] of calls.entries()) {
    for (const workload of workloads) own[workload] = `${own[workload] ?? ''} ${i}`
  }
  const cells = new Map<string, Cell>()
  return own.map(key =>
    getOrAdd(cells, key, () => {
      const all = key
        .trim()
        .split(' ')
        .flatMap(i => (calls[Number(i)] as CallsView).paths)
      return { text: cellOf(all), verdict: worstOf(all) }
    })
  )
}
