import type { Mode } from '../rules/lib/rule.ts'
import { nameOf } from '../state/resource.ts'
import type { Report } from './report.ts'
import { type Listed, listFindings, unevaluatedMode } from './report-findings.ts'
import { describeSkippedEntry, effectLines, fixLines, shortFixLines, skipLine, summaryOf } from './text.ts'

/**
 * Workflow commands of GitHub Actions: an annotation for each finding that the decision counts, and one for what is not
 * evaluated. Everything else is a line of the log.
 *
 * @param showFix also prints the objects of the fixes
 * @see https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions GitHub, state of 2025
 */
export function toAnnotations(report: Report, showFix: boolean): string {
  const listed = listFindings(report)
  const level = COMMANDS[unevaluatedMode(report)]
  return [
    ...listed.map(one => (one.isIntroduced ? toAnnotation(one, showFix) : `pre-existing: ${describe(one)}`)),
    ...report.notEvaluated.map(one => command(level, { title: 'not evaluated' }, skipLine(one))),
    ...report.skipped.map(one => `skipped: ${escapeData(describeSkippedEntry(one))}`),
    summaryOf(report)
  ].join('\n')
}

const COMMANDS: Readonly<Record<Mode, string>> = { deny: 'error', warn: 'warning', audit: 'notice', off: 'debug' }

function toAnnotation({ finding, source }: Listed, showFix: boolean): string {
  const { rule, mode, object, field, message, fix } = finding
  const fixText = showFix ? fixLines(fix) : shortFixLines(fix)
  const text = [`${nameOf(object)} ${field}`, message, ...effectLines(finding, MAX_MODELS), ...fixText]
  const position = source === undefined ? {} : { file: source.file, line: `${source.line}` }
  return command(COMMANDS[mode], { ...position, title: rule }, text.join('\n'))
}

const MAX_MODELS = 10

const describe = ({ finding }: Listed) => escapeData(`${finding.rule}: ${finding.message}`)

function command(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`)
  return `::${name} ${list.join(',')}::${escapeData(message)}`
}

/** @see https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts @actions/core 1.11 */
const escapeData = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const escapeProperty = (text: string) => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
