import { z } from 'zod'
import type { PathDifference, StateDiff } from '../engine/state-diff.ts'
import type { Path } from '../request/request-path.ts'
import { nameOf } from '../state/resource.ts'
import { toIdentity } from './call-result.ts'
import { activatorModeSchema, failureSchema, renderFailure } from './explanation.ts'
import { callerLabel, entryLabel } from './explanation-text.ts'
import { groupBy } from './group.ts'
import { principalName } from './hop-text.ts'
import { markdownHead, markdownRow } from './markdown-table.ts'
import { namesOf } from './overview-text.ts'
import { callerSchema, namespacesSchema, notEvaluatedSchema } from './report.ts'
import { table } from './table.ts'
import { plural, skipLine } from './text.ts'

const pathSchema = z.object({
  inferenceServices: z.array(z.string()).readonly().describe('Empty if the path belongs to a control plane'),
  caller: callerSchema,
  callerNamespaces: namespacesSchema,
  via: z.string(),
  activatorMode: activatorModeSchema,
  expected: z.boolean()
})
const blockedPath = pathSchema.extend({ hop: z.string(), failure: failureSchema })
const identities = z.array(z.string()).readonly().describe('SPIFFE IDs, or `unauthenticated`')

/** Schema of the JSON output of `diff`. */
export const diffSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Diff'),
  closes: z.array(blockedPath).readonly().describe('Paths that only the first state has open, with the cause'),
  opens: z.array(blockedPath).readonly().describe('Paths that only the second state has open, with the cause before'),
  identities: z
    .array(pathSchema.extend({ before: identities, after: identities }))
    .readonly()
    .describe('Paths that are open in both states, on which the last server sees another peer identity'),
  added: z.array(z.string()).readonly(),
  removed: z.array(z.string()).readonly(),
  notEvaluated: notEvaluatedSchema
})

export type DiffView = z.output<typeof diffSchema>
export type DiffPathView = z.output<typeof pathSchema>

/** Converts the differences to the output format. */
export function toDiff({ closes, opens, identities, added, removed, notEvaluated }: StateDiff): DiffView {
  const render = (all: readonly PathDifference[]) =>
    all.map(({ models, path, hop, failure }) => ({
      ...renderPath(models, path),
      hop: hop.name,
      failure: renderFailure(failure)
    }))
  return {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Diff',
    closes: render(closes),
    opens: render(opens),
    identities: identities.map(({ models, path, before, after }) => ({
      ...renderPath(models, path),
      before: before.map(one => toIdentity(one) ?? UNAUTHENTICATED),
      after: after.map(one => toIdentity(one) ?? UNAUTHENTICATED)
    })),
    added,
    removed,
    notEvaluated
  }
}

const UNAUTHENTICATED = 'unauthenticated'

function renderPath(models: readonly string[], { caller, from, entry, activatorMode, expected }: Path): DiffPathView {
  return { inferenceServices: models, caller, callerNamespaces: from, via: entry, activatorMode, expected }
}

const TITLES = ['Change', 'Caller', 'Address', 'At', 'InferenceServices', 'Cause']

/** Text output: a row for each difference, with the InferenceServices that have it. */
export function toDiffText(diff: DiffView, columns = Infinity): string {
  const rows = rowsOf(diff)
  return [
    ...(rows.length === 0 ? [] : table([TITLES.map(title => title.toUpperCase()), ...rows], columns)),
    ...diff.notEvaluated.map(skipLine),
    diffSummary(diff)
  ].join('\n')
}

/** Markdown output, fit for a comment on a pull request. */
export function toDiffMarkdown(diff: DiffView): string {
  const rows = rowsOf(diff)
  const shown = rows.slice(0, MAX_ROWS)
  return [
    `**${diffSummary(diff)}**`,
    ...(rows.length === 0 ? [] : ['', ...markdownHead(TITLES), ...shown.map(markdownRow)]),
    ...(rows.length > shown.length ? ['', `${plural(rows.length - shown.length, 'row')} more`] : []),
    ...diff.notEvaluated.flatMap(one => ['', skipLine(one)])
  ].join('\n')
}

/** Rows that a comment on GitHub can hold: it is limited to 65,536 characters. */
const MAX_ROWS = 100

/** Numbers of differences. */
export function diffSummary({ closes, opens, identities, added, removed }: DiffView): string {
  const changed = (names: readonly string[], word: string) => (names.length === 0 ? [] : [`${names.length} ${word}`])
  const count = (all: readonly DiffPathView[]) =>
    all.reduce((sum, { inferenceServices }) => sum + Math.max(1, inferenceServices.length), 0)
  return [
    `${plural(count(closes), 'request path')} ${count(closes) === 1 ? 'closes' : 'close'}, ${count(opens)} open`,
    ...(identities.length === 0 ? [] : [plural(count(identities), 'peer identity change')]),
    ...changed(added, 'added'),
    ...changed(removed, 'removed')
  ].join(', ')
}

function rowsOf({ closes, opens, identities, added, removed }: DiffView): readonly (readonly string[])[] {
  const paths = [...closes, ...opens, ...identities]
  const hasClasses = paths.some(({ callerNamespaces }) => callerNamespaces !== undefined)
  const cells = (change: string, path: DiffPathView, at: string, cause: string) => {
    const { inferenceServices } = path
    const caller = callerLabel(path, hasClasses)
    return { inferenceServices, cells: [change, caller, entryLabel(path).replace(/^via /, ''), at, cause] }
  }
  const blocked = (change: string, all: DiffView['closes']) =>
    all.map(path => cells(change, path, path.hop, causeOf(path)))
  const all = [
    ...blocked('closes', closes),
    ...blocked('opens', opens),
    ...identities.map(one => cells('identity', one, '', `${identityNames(one.before)} -> ${identityNames(one.after)}`)),
    ...[...added].map(one => ({ inferenceServices: [one], cells: ['added', '', '', '', ''] })),
    ...[...removed].map(one => ({ inferenceServices: [one], cells: ['removed', '', '', '', ''] }))
  ]
  const groups = groupBy(all, one => JSON.stringify(one.cells))
  return [...groups.values()].map(group => {
    const names = [...new Set(group.flatMap(one => one.inferenceServices))]
    const [first] = group
    const shown = names.length === 0 ? 'control plane' : namesOf(names)
    return [...first.cells.slice(0, -1), shown, ...first.cells.slice(-1)]
  })
}

export const identityNames = (identities: readonly string[]) =>
  identities.map(one => (one === UNAUTHENTICATED ? one : principalName(one))).join(', ')

function causeOf({ failure }: DiffView['closes'][number]): string {
  const { rule, object, field } = failure
  return object === undefined ? rule : `${rule}: ${nameOf(object)} ${field}`
}
