import { Causes, type ModelHops } from '../causes.ts'
import { type DiffPathView, type DiffView, diffSummary, identityNames } from '../diff.ts'
import type { Explanation, FailureView, HopView, PathView } from '../explanation.ts'
import { callerLabel, entryLabel, hasCallerClasses } from '../explanation-text.ts'
import { skipLine } from '../text.ts'
import { omittedCauses, summarize } from './cause-summary.ts'
import { type Row, toDocument } from './document.ts'
import { pathTitle } from './hop-data.ts'
import { PageBuilder, type PathInput } from './page-builder.ts'
import type { Verdict } from './page-data.ts'

/** A state with the paths of the InferenceServices that differ. */
export interface ComparedState {
  readonly name: string
  readonly explanation: Explanation
}

type Change = 'closes' | 'opens' | 'identity'

interface Difference {
  readonly change: Change
  readonly path: DiffPathView
  /** Of a path that closes or opens. */
  readonly blocked?: { readonly hop: string; readonly failure: FailureView }
  readonly notes: readonly string[]
}

const VERDICTS: Readonly<Record<Change, Verdict>> = { closes: 'blocked', opens: 'ok', identity: 'unknown' }
const CHANGES = ['closes', 'opens', 'identity'] as const
const CONTROL_PLANE = 'control plane'

/** Page of `diff`: each request path that differs, in both states. */
export function toDiffHtml(diff: DiffView, before: ComparedState, after: ComparedState): string {
  const differences = differencesOf(diff)
  const hasClasses = hasCallerClasses(differences.map(({ path }) => path))
  const names = new Set(differences.flatMap(modelsOf))
  const builder = new PageBuilder()
  const closed: ModelHops[] = []
  const rows = [...names].map((name): Row => {
    const own = differences.filter(one => modelsOf(one).includes(name))
    const paths = own.map(one =>
      toPath(one, pathsOf(before, name), pathsOf(after, name), builder.addCaller(callerLabel(one.path, hasClasses)))
    )
    const closing = paths.filter(({ result }) => result === 'closes').flatMap(({ figures }) => figures.slice(-1))
    closed.push({ inferenceService: name, paths: closing })
    return { name, model: builder.addModel(name, paths, []), cells: cellsOf(own) }
  })
  const only = (all: readonly string[], text: string): readonly Row[] =>
    all.map(name => ({ name, cells: [...CHANGES.map(() => ({ text: '-' })), { text }] }))
  const causes = new Causes(closed)
  return toDocument({
    title: 'Request paths before and after',
    summary: `${diffSummary(diff)}. Before: ${before.name}. After: ${after.name}.`,
    matrix: {
      title: 'Differences',
      caption: 'Number of request paths that close, open, or show the server another peer identity.',
      columns: ['Closes', 'Opens', 'Identity', 'State'],
      rows: [...rows, ...only(diff.added, 'added'), ...only(diff.removed, 'removed')]
    },
    causes: summarize(causes),
    notes: [...omittedCauses(causes), ...diff.notEvaluated.map(skipLine)],
    data: builder.build()
  })
}

function differencesOf({ closes, opens, identities }: DiffView): readonly Difference[] {
  const blocked = (change: Change, all: DiffView['closes']) =>
    all.map(path => ({ change, path, blocked: path, notes: [] }))
  return [
    ...blocked('closes', closes),
    ...blocked('opens', opens),
    ...identities.map(path => ({
      change: 'identity' as const,
      path,
      notes: [`Peer identity before: ${identityNames(path.before)}. After: ${identityNames(path.after)}.`]
    }))
  ]
}

const modelsOf = ({ path: { inferenceServices } }: Difference) =>
  inferenceServices.length === 0 ? [CONTROL_PLANE] : inferenceServices

const pathsOf = ({ explanation }: ComparedState, name: string) =>
  explanation.models.find(({ inferenceService }) => inferenceService === name)?.paths ?? []

function cellsOf(own: readonly Difference[]): Row['cells'] {
  const counts = CHANGES.map(change => {
    const { length } = own.filter(one => one.change === change)
    return length === 0 ? { text: '-' } : { text: `${length}`, verdict: VERDICTS[change] }
  })
  return [...counts, { text: 'in both' }]
}

function toPath(
  difference: Difference,
  before: readonly PathView[],
  after: readonly PathView[],
  caller: number
): PathInput {
  const { change, path, blocked, notes } = difference
  const isBlocked = { before: change === 'opens', after: change === 'closes' }
  const sides = [
    { name: 'Before', hops: hopsOf(difference, before, isBlocked.before) },
    { name: 'After', hops: hopsOf(difference, after, isBlocked.after) }
  ]
  const failures = sides.flatMap(({ hops }) => hops.flatMap(({ failure }) => failure ?? []))
  return {
    verdict: VERDICTS[change],
    result: change,
    callers: [caller],
    address: entryLabel(path).replace(/^via /, ''),
    figures: sides.map(({ name, hops }) => ({ title: `${name}: ${pathTitle(hops)}`, hops })),
    failures: blocked === undefined ? [] : failures,
    notes
  }
}

/** Hops of the path in one state; of a control plane, only the hop that differs. */
function hopsOf({ path, blocked }: Difference, all: readonly PathView[], isBlocked: boolean): readonly HopView[] {
  const scores = all.map(one => ({ one, score: scoreOf(one, path, isBlocked) }))
  const best = scores.reduce((max, { score }) => Math.max(max, score), 0)
  const found = scores.find(({ score }) => score > 0 && score === best)
  if (found !== undefined) return found.one.hops
  if (blocked === undefined) return []
  const { hop: name, failure } = blocked
  return [isBlocked ? { name, verdict: 'blocked', calls: [], failure } : { name, verdict: 'ok', calls: [] }]
}

/** How well a path of a state is the one of a difference; 0: it is another. */
function scoreOf(one: PathView, wanted: DiffPathView, isBlocked: boolean): number {
  if (one.caller !== wanted.caller || one.via !== wanted.via) return 0
  const own = new Set<string>(one.callerNamespaces)
  const isSameClass =
    one.callerNamespaces === undefined
      ? wanted.callerNamespaces === undefined
      : wanted.callerNamespaces?.some(name => own.has(name)) === true
  // Callers without a class of their own have the paths of any other namespace.
  if (!isSameClass && one.callerNamespaces !== undefined) return 0
  return (
    1 +
    (isSameClass ? 4 : 0) +
    ((one.verdict === 'blocked') === isBlocked ? 2 : 0) +
    (one.activatorMode === wanted.activatorMode ? 1 : 0)
  )
}
