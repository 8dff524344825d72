import { nameOf } from '../state/resource.ts'
import type { CallResultView } from './call-result.ts'
import type { Side } from './connection-sides.ts'
import type { Explanation, FailureView, HopView, PathView } from './explanation.ts'
import { type Group, groupBy } from './group.ts'
import { fixLines, listNames, skipLine } from './text.ts'

/** Text output: for each model, paths with equal results together, and equal hops only once. */
export function toExplanationText({ models, skipped }: Explanation): string {
  if (models.length + skipped.length === 0) return 'there is no InferenceService'
  return [
    ...models.flatMap(({ inferenceService, paths }) => [`${inferenceService}: ${count(paths)}`, ...modelLines(paths)]),
    ...skipped.map(skipLine)
  ].join('\n')
}

function count(paths: readonly PathView[]): string {
  if (paths.length === 0) return 'its pods are not its own, so no ways to it are known'
  const fared = (['ok', 'cut', 'unknown'] as const).flatMap(wanted => {
    const { length } = paths.filter(({ verdict }) => verdict === wanted)
    return length === 0 ? [] : [`${length} ${wanted}`]
  })
  return `${fared.join(', ')} of ${paths.length} ways`
}

function modelLines(paths: readonly PathView[]): readonly string[] {
  const groups = groupBy(paths, ({ leg, hops }) => JSON.stringify([leg, hops]))
  const isOther = paths.some(({ caller, from }) => caller === 'in-mesh' && from !== undefined)
  const shown = new Set<string>()
  return [...groups.values()].flatMap(group => groupLines(group, isOther, shown))
}

function groupLines(group: Group<PathView>, isOther: boolean, shown: Set<string>): readonly string[] {
  const [{ leg, verdict, hops }] = group
  const whos = groupBy(group, path => callerLabel(path, isOther))
  const who = [...whos].map(([name, same]) => `${name} ${same.map(entryLabel).join(' or ')}`).join('; ')
  return [
    `  ${STATUS_LABELS[verdict]} ${who}${leg === undefined ? '' : ACTIVATOR_MODES[leg]}`,
    ...hops.flatMap(hop => hopLines(hop, shown)).map(line => `    ${line}`)
  ]
}

const ACTIVATOR_MODES = { direct: ', straight to the pods', activator: ', through the activator' } as const
export const STATUS_LABELS = { ok: 'ok ', cut: 'CUT', unknown: '?  ' } as const

function callerLabel({ caller, from, needed }: PathView, isOther: boolean): string {
  const anyone = `any ${isOther ? 'other ' : ''}namespace`
  const where = caller === 'in-mesh' ? ` (${from === undefined ? anyone : listNames(from)})` : ''
  return `${caller}${where}${needed ? '' : ' (if there are any)'}`
}

function entryLabel({ entry }: PathView): string {
  if (entry === 'address') return 'by its address'
  return entry === 'component' ? "by its component's host" : entry
}

/** @param shown what has been printed already and is not repeated */
function hopLines({ name, verdict, passages, cut, unknown }: HopView, shown: Set<string>): readonly string[] {
  const facts = [...new Set(passages.flatMap(callLines)), ...(unknown === undefined ? [] : [`not known: ${unknown}`])]
  const head = `${STATUS_LABELS[verdict]} ${name}`
  if (!isNew(shown, [head, facts, cut?.message])) return [`${head}, as above`]
  return [head, ...[...facts, ...(cut === undefined ? [] : failureLines(cut, shown))].map(line => `    ${line}`)]
}

function isNew(shown: Set<string>, what: unknown): boolean {
  const key = JSON.stringify(what)
  if (shown.has(key)) return false
  shown.add(key)
  return true
}

/** What the client sends, what the server accepts, the identity, and the authorization result. */
export function callLines({ sent, taken, identity, authorization }: CallResultView): readonly string[] {
  const judged = authorization && `${authorization.what} as ${principalName(identity)} (${sourcesText(authorization)})`
  return [
    `sends ${sent.what}: ${sent.why}${sent.decidedBy.length === 0 ? '' : ` (${sourcesText(sent)})`}`,
    `meets ${taken.what} (${sourcesText(taken)})`,
    ...(judged === undefined ? [] : [judged])
  ]
}

/** Configuring objects and fields, or the reason without any. */
function sourcesText({ why, decidedBy }: Side): string {
  return decidedBy.length === 0 ? why : decidedBy.map(({ object, field }) => `${nameOf(object)} ${field}`).join(', ')
}

/** `namespace/account`, of `spiffe://<trust domain>/ns/<namespace>/sa/<account>`. */
function principalName(identity: string | undefined): string {
  if (identity === undefined) return 'nobody'
  const [namespace, account] = identity.replace(/^.*\/ns\//, '').split('/sa/')
  return namespace === '*' ? 'whoever calls' : `${namespace}/${account}`
}

/** @param shown fixes that have been printed already, whose manifests are not repeated */
export function failureLines(
  { rule, message, object, field, fix }: FailureView,
  shown: Set<string>
): readonly string[] {
  const why = [`${rule}: ${message}`, ...(object === undefined ? [] : [`at ${nameOf(object)} ${field}`])]
  if (fix === undefined) return why
  const isKnown = fix.apply.length > 0 && !isNew(shown, fix)
  return [...why, ...(isKnown ? [`fix: ${fix.text} (as above)`] : fixLines(fix))]
}
