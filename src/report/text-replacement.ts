/** Text between two positions, and what replaces it. Lines and columns start at 1; the end is after the last character. */
export interface Replacement {
  readonly deletedRegion: {
    readonly startLine: number
    readonly startColumn: number
    readonly endLine: number
    readonly endColumn: number
  }
  readonly insertedContent: { readonly text: string }
}

/** The smallest replacement of whole lines that makes one text of another. */
export function replacementOf(before: string, after: string): Replacement {
  const old = before.split('\n')
  const next = after.split('\n')
  // The last line differs or stays: there is always a line in which the region ends.
  const limit = Math.min(old.length, next.length) - 1
  let start = 0
  while (start < limit && old[start] === next[start]) start += 1
  let end = 0
  while (end < limit - start && old[old.length - 1 - end] === next[next.length - 1 - end]) end += 1
  const inserted = next.slice(start, next.length - end)
  const atEnd = end === 0
  return {
    deletedRegion: {
      startLine: start + 1,
      startColumn: 1,
      endLine: atEnd ? old.length : old.length - end + 1,
      endColumn: atEnd ? old.slice(-1).join('').length + 1 : 1
    },
    insertedContent: { text: atEnd ? inserted.join('\n') : inserted.map(line => `${line}\n`).join('') }
  }
}
