/** Lines of a text. A word that is longer than a line is continued on the next. */
export function wrap(text: string, length: number): readonly string[] {
  const max = Math.max(1, Math.floor(length))
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > max) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
    while (line.length > max) {
      lines.push(line.slice(0, max))
      line = line.slice(max)
    }
  }
  return [...lines, line]
}
