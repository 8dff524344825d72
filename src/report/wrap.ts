/** Text of a terminal takes as many columns as it has characters without escape sequences. */
import { stripVTControlCharacters } from 'node:util'

/** Columns by which the rest of a long line is indented, further than the line. */
const HANG = 2

/** Breaks lines at spaces so that they fit; a word that does not fit alone is not broken. */
export function wrap(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap(line => wrapLine(line, columns))
    .join('\n')
}

function wrapLine(line: string, columns: number): readonly string[] {
  if (widthOf(line) <= columns) return [line]
  const indent = line.length - line.trimStart().length
  const words = line.trimStart().split(' ')
  const lines: string[] = []
  let current = ' '.repeat(indent)
  let isEmpty = true
  for (const word of words) {
    if (!isEmpty && widthOf(current) + 1 + widthOf(word) > columns) {
      lines.push(current.trimEnd())
      current = ' '.repeat(indent + HANG)
      isEmpty = true
    }
    current += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, current.trimEnd()]
}

/** Breaks a text into lines of at most `columns` characters, also within words. */
export function wrapCell(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const line of wrapLine(text, columns)) {
    const rest = lines.length === 0 ? line : line.trimStart()
    for (let at = 0; at < rest.length; at += columns) lines.push(rest.slice(at, at + columns))
  }
  return lines
}

const widthOf = (text: string) => stripVTControlCharacters(text).length
