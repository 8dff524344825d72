import { toAnnotations } from '../report/annotations.ts'
import { toJson } from '../report/json.ts'
import { toJunit } from '../report/junit.ts'
import { toMarkdown } from '../report/markdown.ts'
import type { Report } from '../report/report.ts'
import { toSarif } from '../report/sarif.ts'
import { toText } from '../report/text.ts'
import { RULES } from '../rules/index.ts'
import type { Manifest } from '../sources/yaml.ts'
import { fixEditor } from './fix-edits.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print } from './output.ts'
import { VERSION } from './version.ts'

type Format = (report: Report, io: Io, showFix: boolean, manifests: readonly Manifest[]) => string

/** Formats of pipelines. */
const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['sarif', (report, io, _, manifests) => sarif(report, io, manifests)],
  ['junit', (report, _, showFix) => toJunit(report, showFix)],
  ['github', (report, _, showFix) => toAnnotations(report, showFix)],
  ['markdown', toMarkdown]
])

/**
 * Writes the report of `check` or `audit` to stdout as `--output` requests it.
 *
 * @param manifests what was read from files
 */
export function printReport(io: Io, options: OutputOptions, report: Report, manifests: readonly Manifest[]): void {
  const format = FORMATS.get(options.output)
  if (format === undefined) print(io, options, report, toText, toJson)
  else io.out(format(report, io, options.showFix === true, manifests))
}

/** Locations are relative to the current folder. */
function sarif(report: Report, { readPage }: Io, manifests: readonly Manifest[]): string {
  const pageOf = (id: string) => readPage(id).trimEnd()
  const editsOf = fixEditor(manifests)
  return toSarif(report, { rules: RULES, pageOf, version: VERSION, folder: process.cwd(), editsOf })
}
