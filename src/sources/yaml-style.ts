/** Options of `toYaml` that the text of a document follows. */
export interface Style {
  readonly lineWidth: 0
  readonly indent: number
  readonly indentSeq: boolean
}

/** Indentation of the first nested map, and of the first list. */
export function styleOf(text: string): Style {
  const lines = text.split('\n').map(line => ({ line: line.trim(), column: line.search(/[^ -]/) }))
  const nested = lines.flatMap((one, i) => {
    const next = lines[i + 1]
    return next !== undefined && one.line.endsWith(':') ? [{ next: next.line, steps: next.column - one.column }] : []
  })
  const [map, list] = [false, true].map(isList => nested.find(({ next }) => next.startsWith('- ') === isList)?.steps)
  return { lineWidth: 0, indent: Math.max(map ?? 2, 2), indentSeq: list !== 2 }
}
