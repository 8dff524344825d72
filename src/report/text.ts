import { stringify } from 'yaml'
import type { BlockedPathRef } from '../engine/finding.ts'
import { isUnevaluated, type Skip } from '../engine/incremental/not-evaluated.ts'
import type { Fix } from '../rules/lib/rule.ts'
import { getOrAdd } from '../state/map.ts'
import { nameOf } from '../state/resource.ts'
import type { Report, Reported, Step } from './report.ts'

/** The report for people: what, where, why, and what to do. */
export function toText({ steps, findings, skipped }: Report): string {
  const lines = [
    ...steps.flatMap(stepLines),
    ...findings.flatMap(finding => findingLines(finding, '')),
    ...skipped.map(skipLine),
    steps.length > 0 ? summary(steps.map(({ decision }) => decision)) : plural(findings.length, 'finding')
  ]
  return lines.join('\n')
}

function stepLines({ object, operation, source, decision, patch, notes, findings, existing }: Step): readonly string[] {
  return [
    `${decision.toUpperCase().padEnd(5)} ${source.file}:${source.line}: ${operation} ${nameOf(object)}`,
    ...patch.map(({ path, value }) => `  adds ${path}: ${JSON.stringify(value)}`),
    ...notes.map(note => `  note: ${note}`),
    ...findings.flatMap(finding => findingLines(finding, '  ')),
    ...existing.map(({ rule, message }) => `  pre-existing: ${rule}: ${message}`)
  ]
}

function findingLines(finding: Reported, indent: string): readonly string[] {
  const { rule, mode, object, source, field, message, docs } = finding
  const where = source === undefined ? '' : `${source.file}:${source.line}: `
  return [
    `${mode} ${rule}`,
    `  ${where}${nameOf(object)} ${field}`,
    `  ${message}`,
    ...effectLines(finding).map(line => `  ${line}`),
    ...fixLines(finding.fix).map(line => `  ${line}`),
    `  more: ${docs}`
  ].map(line => indent + line)
}

/** Who loses what: a line for each InferenceService, up to `most` of them. */
export function effectLines({ cuts, opens }: Pick<Reported, 'cuts' | 'opens'>, most = Infinity): readonly string[] {
  const models = new Map<string, BlockedPathRef[]>()
  for (const cut of cuts)
    getOrAdd(models, cut.inferenceService ?? 'the installation', (): BlockedPathRef[] => []).push(cut)
  const told = [...models].slice(0, most)
  const more = models.size - told.length
  return [
    ...told.map(([model, own]) => `cuts ${model} for ${callers(own)}`),
    ...(more > 0 ? [`and cuts ${more} more`] : []),
    ...opens.map(({ inferenceService, what }) => `opens ${inferenceService}: ${what}`)
  ]
}

function callers(cuts: readonly BlockedPathRef[]): string {
  const words = cuts.map(
    ({ caller, from, hop }) => `${caller}${from === undefined ? '' : ` (${listNames(from)})`} at ${hop}`
  )
  return [...new Set(words)].join(', ')
}

/** More names are counted. */
const MAX_NAMES = 5

/** Names as people read them: all of a few, and the number of the others. */
export function listNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMES
  return more > 1 ? `${names.slice(0, MAX_NAMES).join(', ')} and ${more} more` : names.join(', ')
}

/** Printed as they are, whatever they hold. */
type Told<F extends Fix> = Omit<F, 'apply'> & { readonly apply?: readonly object[] }

/** The fix, with the objects to apply as YAML. */
export function fixLines({ text, apply = [], remove = [] }: Told<Fix>): readonly string[] {
  return [
    `fix: ${text}`,
    ...apply.flatMap(object => stringify(object).trimEnd().split('\n')).map(line => `  ${line}`),
    ...remove.map(ref => `  remove ${nameOf(ref)}`)
  ]
}

/** What was not judged, or is not counted, and why. */
export function skipLine(skip: Pick<Skip, 'rule' | 'reason' | 'exception'>): string {
  const { rule, reason } = skip
  return isUnevaluated(skip) ? `not evaluated: ${rule}: ${reason}` : `${rule}: ${reason}`
}

function summary(decisions: readonly string[]): string {
  const count = (wanted: string) => decisions.filter(decision => decision === wanted).length
  return `${plural(decisions.length, 'change')}: ${count('deny')} denied, ${count('warn')} with warnings, ${count('allow')} allowed`
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
