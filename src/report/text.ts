import type { Suppression } from '../engine/exceptions.ts'
import type { BlockedPathRef, Finding, Grant } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import { getOrAdd } from '../state/map.ts'
import { nameOf } from '../state/resource.ts'
import { toYaml } from '../text/to-yaml.ts'
import type { Report, Reported, Step } from './report.ts'

/**
 * Text output of `check` and `audit`. Skipped objects are not listed: the command reports their number on stderr.
 *
 * @param showFix also prints the objects of the fixes
 */
export function toText({ steps, findings, notEvaluated, skipped }: Report, showFix: boolean): string {
  const lines = [
    ...steps.flatMap(step => stepLines(step, showFix)),
    ...findings.flatMap(finding => findingLines(finding, '', showFix)),
    ...notEvaluated.map(skipLine),
    ...skipped.flatMap(one => ('rule' in one ? suppressionLine(one) : [])),
    summaryOf({ steps, findings })
  ]
  return lines.join('\n')
}

/** The change with its decision, patch and findings. */
export function stepLines(step: Step, showFix: boolean): readonly string[] {
  const { object, operation, source, decision, patch, notes, findings, existing } = step
  return [
    `${decision.toUpperCase().padEnd(5)} ${source.file}:${source.line}: ${operation} ${nameOf(object)}`,
    ...patch.map(({ path, value }) => `  adds ${path}: ${JSON.stringify(value)}`),
    ...notes.map(note => `  note: ${note}`),
    ...findings.flatMap(finding => findingLines(finding, '  ', showFix)),
    ...existing.map(({ rule, message }) => `  pre-existing: ${rule}: ${message}`)
  ]
}

/** @param showFix also prints the objects of the fix */
export function findingLines(finding: Reported, indent: string, showFix: boolean): readonly string[] {
  const { rule, mode, object, source, field, message, symptom } = finding
  const where = source === undefined ? '' : `${source.file}:${source.line}: `
  return [
    `${mode} ${rule}`,
    `  ${where}${nameOf(object)} ${field}`,
    `  ${message}`,
    ...effectLines(finding).map(line => `  ${line}`),
    `  symptom: ${symptom}`,
    ...(showFix ? fixLines(finding.fix) : shortFixLines(finding.fix)).map(line => `  ${line}`),
    `  more: mesh-guard rules ${rule}`
  ].map(line => indent + line)
}

/** Effects of a finding: one line for each InferenceService, up to `limit` of them. */
export function effectLines(
  { blocked, exposes }: Pick<Reported, 'blocked' | 'exposes'>,
  limit = Infinity
): readonly string[] {
  const models = new Map<string, BlockedPathRef[]>()
  for (const path of blocked)
    getOrAdd(models, path.inferenceService ?? 'the control plane', (): BlockedPathRef[] => []).push(path)
  const shown = [...models].slice(0, limit)
  const more = models.size - shown.length
  return [
    ...shown.map(([model, paths]) => `blocks ${model} for ${callers(paths)}`),
    ...(more > 0 ? [`and blocks ${more} more`] : []),
    ...exposes.map(({ inferenceService, what }) => `exposes ${inferenceService}: ${what}`)
  ]
}

function callers(blocked: readonly BlockedPathRef[]): string {
  const names = blocked.map(({ hop, ...path }) => `${callerName(path)} at ${hop}`)
  return [...new Set(names)].join(', ')
}

const MAX_NAMES = 5

/** Up to `max` names, and the number of the others. */
export function listNames(names: readonly string[], max = MAX_NAMES): string {
  const more = names.length - max
  return more > 1 ? `${names.slice(0, max).join(', ')} and ${more} more` : names.join(', ')
}

/** Fix with manifests of any shape. */
type FixText = Omit<Finding['fix'], 'apply' | 'grants'> & {
  readonly apply?: readonly object[]
  readonly grants?: readonly GrantText[] | undefined
}
type GrantText = Omit<Grant, 'from'> & { readonly from?: readonly string[] | undefined }

/** Fix with the objects to apply as YAML. */
export function fixLines({ text, apply = [], remove = [], grants = [] }: FixText): readonly string[] {
  return [
    `fix: ${text}`,
    ...apply.flatMap(object => toYaml(object).trimEnd().split('\n')).map(line => `  ${line}`),
    ...remove.map(ref => `  remove ${nameOf(ref)}`),
    ...grantLines(grants)
  ]
}

/** Fix without its objects. */
export function shortFixLines({ text, apply = [], remove = [], grants = [] }: FixText): readonly string[] {
  const more = apply.length + remove.length > 0 ? ' (--show-fix prints the objects)' : ''
  return [`fix: ${text}${more}`, ...grantLines(grants)]
}

/**
 * One line for each caller that the fix lets through.
 *
 * @param verb `lets` if the fix is for these callers
 */
export function grantLines(grants: readonly GrantText[], verb = 'also lets'): readonly string[] {
  const byCaller = Map.groupBy(grants, ({ caller, from }) => callerName({ caller, from }))
  return [...byCaller].map(([caller, all]) => {
    const models = listNames(all.map(({ inferenceService }) => inferenceService))
    return `  the fix ${verb} ${caller} callers reach ${models}`
  })
}

const callerName = ({ caller, from }: Pick<GrantText, 'caller' | 'from'>) =>
  `${caller}${from === undefined ? '' : ` (${listNames(from)})`}`

export const skipLine = ({ rule, reason }: Pick<Skip, 'rule' | 'reason'>) => `not evaluated: ${rule}: ${reason}`
/** Finding that an exception suppresses, or object that is not evaluated. */
export const describeSkippedEntry = (one: Report['skipped'][number]) =>
  'rule' in one ? suppressionLine(one) : `${one.source.file}:${one.source.line}: ${nameOf(one.object)}: ${one.reason}`
export const suppressionLine = ({ rule, reason }: Pick<Suppression, 'rule' | 'reason'>) => `${rule}: ${reason}`

/** Number of changes for each decision; of an audit, number of findings. */
export function summaryOf({ steps, findings }: Pick<Report, 'steps' | 'findings'>): string {
  if (steps.length === 0) return plural(findings.length, 'finding')
  const decisions = steps.map(({ decision }) => decision)
  const count = (wanted: string) => decisions.filter(decision => decision === wanted).length
  return `${plural(decisions.length, 'change')}: ${count('deny')} denied, ${count('warn')} with warnings, ${count('allow')} allowed`
}

export const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
