import type { Finding } from '../engine/finding.ts'
import type { CheckRule, FailureRule, Mode, Rules } from '../rules/lib/rule.ts'
import { nameOf } from '../state/resource.ts'
import { fingerprintsOf } from './finding-identity.ts'
import type { Report, Source } from './report.ts'
import { type Listed, listFindings, unevaluatedMode } from './report-findings.ts'
import { describeSkippedEntry, effectLines, fixLines, skipLine } from './text.ts'
import { replacementOf } from './text-replacement.ts'

/** What a SARIF log needs beside the report. */
export interface SarifContext {
  readonly rules: Rules
  /** Page of a rule, as Markdown. */
  readonly pageOf: (id: string) => string
  /** Version of the program. */
  readonly version: string
  /** Absolute path of the folder that locations are relative to. */
  readonly folder: string
  /** Edits of files that have the objects of a fix. */
  readonly editsOf: (fix: Finding['fix'], source: Source | undefined) => readonly FileEdit[]
}

/** Text of a file before and after an edit. */
export interface FileEdit {
  readonly file: string
  readonly before: string
  readonly after: string
}

const LEVELS: Readonly<Record<Mode, string>> = { deny: 'error', warn: 'warning', audit: 'note', off: 'none' }

/**
 * SARIF output of `check` and `audit`.
 *
 * @see SARIF 2.1.0 https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
 */
export function toSarif(report: Report, context: SarifContext): string {
  const listed = listFindings(report)
  const fingerprints = fingerprintsOf(listed.map(({ finding }) => finding))
  const isCheck = report.steps.length > 0
  const run = {
    tool: { driver: { name: 'mesh-guard', version: context.version, rules: descriptors(listed, context) } },
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications(report) }],
    results: listed.map((one, i) => ({
      ...toResult(one, context.folder),
      ...fixesOf(one, context),
      ...(isCheck ? { baselineState: one.isIntroduced ? 'new' : 'unchanged' } : {}),
      partialFingerprints: { primaryLocationLineHash: fingerprints[i], 'meshGuardFinding/v1': fingerprints[i] }
    }))
  }
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }
  return JSON.stringify(log, undefined, 2)
}

function descriptors(listed: readonly Listed[], { rules, pageOf }: SarifContext): readonly object[] {
  const examples = new Map(listed.map(({ finding }) => [finding.rule, finding]))
  return [...Object.values(rules.failures), ...rules.checks].flatMap(rule => {
    const finding = examples.get(rule.id)
    return finding === undefined ? [] : [toDescriptor(rule, finding.docs, pageOf(rule.id))]
  })
}

function toDescriptor(
  {
    id,
    summary,
    symptom,
    mode,
    category
  }: Pick<FailureRule | CheckRule, 'id' | 'summary' | 'symptom' | 'mode' | 'category'>,
  docs: string,
  page: string
) {
  return {
    id,
    shortDescription: { text: summary },
    help: { text: `${summary}\nSymptom: ${symptom}\nMore: ${docs}`, markdown: page },
    helpUri: docs,
    defaultConfiguration: { level: LEVELS[mode] },
    properties: { tags: [category] }
  }
}

/** An object that no file defines has only a logical location. A pre-existing finding is a note. */
function toResult({ finding, source, isIntroduced }: Listed, folder: string) {
  const { rule, mode, object, field, message, fix } = finding
  return {
    ruleId: rule,
    level: isIntroduced ? LEVELS[mode] : LEVELS.audit,
    message: { text: [message, ...effectLines(finding, MAX_MODELS), ...fixLines(fix)].join('\n') },
    locations: [
      {
        ...(source === undefined
          ? {}
          : {
              physicalLocation: {
                artifactLocation: toArtifact(source.file, folder),
                region: { startLine: source.line }
              }
            }),
        logicalLocations: [{ name: nameOf(object), fullyQualifiedName: `${nameOf(object)} ${field}`, kind: 'object' }]
      }
    ]
  }
}

const MAX_MODELS = 10

/** A replacement is long if its file has no line breaks; with one for each finding, the output would be too large. */
const MAX_TEXT = 100_000

/** @see SARIF 2.1.0, section 3.55: a fix has an artifactChange for each file */
function fixesOf({ finding: { fix }, source }: Listed, { editsOf, folder }: SarifContext): object {
  const { text, grants } = fix
  const artifactChanges = editsOf(fix, source).map(({ file, before, after }) => ({
    artifactLocation: toArtifact(file, folder),
    replacements: [replacementOf(before, after)] as const
  }))
  const isLong = artifactChanges.some(
    ({ replacements: [{ insertedContent }] }) => insertedContent.text.length > MAX_TEXT
  )
  if (artifactChanges.length === 0 || isLong) return {}
  const description = { text: fixLines({ text, grants }).join('\n') }
  return { fixes: [{ description, artifactChanges }] }
}

/** @see SARIF 2.1.0, section 3.4: an artifactLocation has a URI, relative to the root of the sources */
function toArtifact(file: string, folder: string): object {
  const path = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file.replace(/^\.\//, '')
  const uri = path.split('/').map(encodeURIComponent).join('/')
  return path.startsWith('/') ? { uri: `file://${uri}` } : { uri, uriBaseId: '%SRCROOT%' }
}

/** Evaluations without a result, and what was left out with its reason: viewers must not take it for correct. */
function notifications(report: Report): readonly object[] {
  const level = LEVELS[unevaluatedMode(report)]
  return [
    ...report.notEvaluated.map(one => ({ level, message: { text: skipLine(one) } })),
    ...report.skipped.map(one => ({ level: LEVELS.audit, message: { text: describeSkippedEntry(one) } }))
  ]
}
