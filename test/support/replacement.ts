import type { Replacement } from '../../src/report/text-replacement.ts'

/** The text with a region replaced, as a SARIF viewer does it. */
export function applyReplacement(text: string, { deletedRegion, insertedContent }: Replacement): string {
  const lines = text.split('\n')
  const offsetOf = (line: number, column: number) =>
    lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1
  const { startLine, startColumn, endLine, endColumn } = deletedRegion
  return (
    text.slice(0, offsetOf(startLine, startColumn)) + insertedContent.text + text.slice(offsetOf(endLine, endColumn))
  )
}
