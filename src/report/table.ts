import { getKnown } from '../state/map.ts'
import { wrapCell } from './wrap.ts'

const GAP = 2
/** Narrower columns are not narrowed further. */
const MIN_WIDTH = 8

/**
 * Lines with aligned columns, two spaces apart.
 *
 * @param columns width of the terminal: wider tables have cells of several lines
 */
export function table(rows: readonly (readonly string[])[], columns = Infinity): readonly string[] {
  const widths = fit(rows, columns)
  return rows.flatMap(row => {
    const cells = row.map((cell, i) => wrapCell(cell, getKnown(widths, i)))
    const height = Math.max(1, ...cells.map(({ length }) => length))
    return Array.from({ length: height }, (_, line) =>
      cells
        .map((cell, i) => (cell[line] ?? '').padEnd(getKnown(widths, i)))
        .join(' '.repeat(GAP))
        .trimEnd()
    )
  })
}

/** Width of each column, from that of its cells. */
function widthsOf(rows: readonly (readonly string[])[], widthOf: (cell: string) => number): Map<number, number> {
  const widths = new Map<number, number>()
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths.set(i, Math.max(widths.get(i) ?? 0, widthOf(cell)))
  return widths
}

/** Narrows the widest columns until the table fits: to their longest words, and further only if that is not enough. */
function fit(rows: readonly (readonly string[])[], columns: number): ReadonlyMap<number, number> {
  const widths = widthsOf(rows, ({ length }) => length)
  const words = widthsOf(rows, cell => Math.max(...cell.split(' ').map(({ length }) => length)))
  for (const minimumOf of [(i: number) => Math.max(MIN_WIDTH, getKnown(words, i)), () => MIN_WIDTH]) {
    let excess = [...widths.values()].reduce((sum, width) => sum + width, GAP * (widths.size - 1)) - columns
    while (excess > 0) {
      const wide = [...widths].filter(([i, width]) => width > minimumOf(i))
      const widest = wide.reduce<readonly [number, number]>((best, one) => (one[1] > best[1] ? one : best), [-1, 0])
      if (wide.length === 0) break
      widths.set(widest[0], widest[1] - 1)
      excess -= 1
    }
  }
  return widths
}
