import { getKnown } from '../state/map.ts'

/** Lines with aligned columns, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = new Map<number, number>()
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths.set(i, Math.max(widths.get(i) ?? 0, cell.length))
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(getKnown(widths, i)))
      .join('  ')
      .trimEnd()
  )
}
