import { nameOf } from '../model/resource.ts'
import type { Explanation, ToldCut, ToldHop, ToldPath } from './explanation.ts'
import { type Group, groupBy } from './group.ts'
import type { ToldPassage } from './passage.ts'
import type { Side } from './sides.ts'
import { fixLines, listNames, skipLine } from './text.ts'

/** The explanation for people: for each model, ways that fare alike once, and each hop once. */
export function toExplanationText({ models, skipped }: Explanation): string {
  if (models.length + skipped.length === 0) return 'there is no InferenceService'
  return [
    ...models.flatMap(({ inferenceService, paths }) => [`${inferenceService}: ${count(paths)}`, ...modelLines(paths)]),
    ...skipped.map(skipLine)
  ].join('\n')
}

function count(paths: readonly ToldPath[]): string {
  if (paths.length === 0) return 'its pods are not its own, so no ways to it are known'
  const fared = (['ok', 'cut', 'unknown'] as const).flatMap(wanted => {
    const { length } = paths.filter(({ verdict }) => verdict === wanted)
    return length === 0 ? [] : [`${length} ${wanted}`]
  })
  return `${fared.join(', ')} of ${paths.length} ways`
}

function modelLines(paths: readonly ToldPath[]): readonly string[] {
  const groups = groupBy(paths, ({ leg, hops }) => JSON.stringify([leg, hops]))
  const isOther = paths.some(({ caller, from }) => caller === 'in-mesh' && from !== undefined)
  const shown = new Set<string>()
  return [...groups.values()].flatMap(group => groupLines(group, isOther, shown))
}

function groupLines(group: Group<ToldPath>, isOther: boolean, shown: Set<string>): readonly string[] {
  const [{ leg, verdict, hops }] = group
  const whos = groupBy(group, path => whoName(path, isOther))
  const who = [...whos].map(([name, same]) => `${name} ${same.map(entryName).join(' or ')}`).join('; ')
  return [
    `  ${MARKS[verdict]} ${who}${leg === undefined ? '' : LEGS[leg]}`,
    ...hops.flatMap(hop => hopLines(hop, shown)).map(line => `    ${line}`)
  ]
}

const LEGS = { direct: ', straight to the pods', activator: ', through the activator' } as const
export const MARKS = { ok: 'ok ', cut: 'CUT', unknown: '?  ' } as const

function whoName({ caller, from, needed }: ToldPath, isOther: boolean): string {
  const anyone = `any ${isOther ? 'other ' : ''}namespace`
  const where = caller === 'in-mesh' ? ` (${from === undefined ? anyone : listNames(from)})` : ''
  return `${caller}${where}${needed ? '' : ' (if there are any)'}`
}

function entryName({ entry }: ToldPath): string {
  if (entry === 'address') return 'by its address'
  return entry === 'component' ? "by its component's host" : entry
}

/** @param shown what has been told, and is not told again */
function hopLines({ name, verdict, passages, cut, unknown }: ToldHop, shown: Set<string>): readonly string[] {
  const facts = [
    ...new Set(passages.flatMap(passageLines)),
    ...(unknown === undefined ? [] : [`not known: ${unknown}`])
  ]
  const head = `${MARKS[verdict]} ${name}`
  if (!isNew(shown, [head, facts, cut?.message])) return [`${head}, as above`]
  return [head, ...[...facts, ...(cut === undefined ? [] : cutLines(cut, shown))].map(line => `    ${line}`)]
}

function isNew(shown: Set<string>, what: unknown): boolean {
  const key = JSON.stringify(what)
  if (shown.has(key)) return false
  shown.add(key)
  return true
}

/** What is sent, what is taken, who it is, and what the policies make of it. */
export function passageLines({ sent, taken, identity, authorization }: ToldPassage): readonly string[] {
  const judged = authorization && `${authorization.what} as ${personName(identity)} (${deciders(authorization)})`
  return [
    `sends ${sent.what}: ${sent.why}${sent.decidedBy.length === 0 ? '' : ` (${deciders(sent)})`}`,
    `meets ${taken.what} (${deciders(taken)})`,
    ...(judged === undefined ? [] : [judged])
  ]
}

/** Who decides, or why nobody has to. */
function deciders({ why, decidedBy }: Side): string {
  return decidedBy.length === 0 ? why : decidedBy.map(({ object, field }) => `${nameOf(object)} ${field}`).join(', ')
}

/** `namespace/account`, of `spiffe://<trust domain>/ns/<namespace>/sa/<account>`. */
function personName(identity: string | undefined): string {
  if (identity === undefined) return 'nobody'
  const [namespace, account] = identity.replace(/^.*\/ns\//, '').split('/sa/')
  return namespace === '*' ? 'whoever calls' : `${namespace}/${account}`
}

/** @param shown fixes that have been told, whose objects are not told again */
export function cutLines({ rule, message, object, field, fix }: ToldCut, shown: Set<string>): readonly string[] {
  const why = [`${rule}: ${message}`, ...(object === undefined ? [] : [`at ${nameOf(object)} ${field}`])]
  if (fix === undefined) return why
  const isKnown = fix.apply.length > 0 && !isNew(shown, fix)
  return [...why, ...(isKnown ? [`fix: ${fix.text} (as above)`] : fixLines(fix))]
}
