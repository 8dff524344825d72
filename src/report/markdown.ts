import { nameOf } from '../state/resource.ts'
import { escapeMarkdown, markdownHead, markdownRow } from './markdown-table.ts'
import type { Report } from './report.ts'
import { type Listed, listFindings } from './report-findings.ts'
import { describeSkippedEntry, effectLines, plural, skipLine, summaryOf } from './text.ts'

/** Characters. A comment on GitHub has at most 65,536, and other parts than these lines. */
const MAX_LENGTH = 60_000

const TITLES = ['Mode', 'Rule', 'Object', 'Problem', 'Fix']

/** Markdown output of `check` and `audit`, fit for a comment on a pull request: what does not fit is counted. */
export function toMarkdown(report: Report): string {
  const rows = listFindings(report).map(toRow)
  const notes = [...report.notEvaluated.map(skipLine), ...report.skipped.map(describeSkippedEntry)]
  const head = [`**${report.decision.toUpperCase()}: ${summaryOf(report)}**`, '']
  const shown = fit(rows, MAX_LENGTH)
  const shownNotes = fit(notes.map(toNote), MAX_LENGTH - lengthOf(shown))
  const omitted = [
    ...(rows.length > shown.length ? [plural(rows.length - shown.length, 'finding')] : []),
    ...(notes.length > shownNotes.length ? [plural(notes.length - shownNotes.length, 'note')] : [])
  ]
  return [
    ...head,
    ...(shown.length === 0 ? [] : [...markdownHead(TITLES), ...shown, '']),
    ...shownNotes,
    ...(omitted.length === 0 ? [] : ['', `Omitted, because a comment is limited: ${omitted.join(', ')}.`])
  ]
    .join('\n')
    .trimEnd()
}

const toNote = (text: string) => `- ${escapeMarkdown(shorten(text))}`

function toRow({ finding, source, isIntroduced }: Listed): string {
  const { rule, mode, object, field, message, fix } = finding
  const where = source === undefined ? '' : ` (${source.file}:${source.line})`
  const problem = [message, ...effectLines(finding, MAX_MODELS)].join('; ')
  const cells = [isIntroduced ? mode : 'pre-existing', rule, `${nameOf(object)} ${field}${where}`, problem, fix.text]
  return markdownRow(cells.map(shorten))
}

const MAX_MODELS = 3
const MAX_CELL = 500

/** Of a character that the limit splits, nothing is left but a replacement character. */
const shorten = (text: string) => (text.length > MAX_CELL ? `${text.slice(0, MAX_CELL).toWellFormed()}...` : text)

/** The first lines that have at most `max` characters. */
function fit(lines: readonly string[], max: number): readonly string[] {
  let length = 0
  const end = lines.findIndex(line => {
    length += line.length + 1
    return length > max
  })
  return end === -1 ? lines : lines.slice(0, end)
}

const lengthOf = (lines: readonly string[]) => lines.reduce((sum, line) => sum + line.length + 1, 0)
