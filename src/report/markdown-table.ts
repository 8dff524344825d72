/** Row of a Markdown table, with the cells as plain text. */
export const markdownRow = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`

/** Head of a Markdown table. */
export const markdownHead = (titles: readonly string[]) => [markdownRow(titles), markdownRow(titles.map(() => '---'))]

/** @see https://github.github.com/gfm/#backslash-escapes GitHub Flavored Markdown 0.29 */
export const escapeMarkdown = (text: string) => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<|~&]/g, '\\$&')
