import type { Access } from '../../engine/access.ts'
import type { WorkloadCalls } from '../../engine/access-results.ts'
import type { View } from '../../state/snapshot.ts'
import { type AccessPathView, type AccessView, type CallsView, toAccess } from '../access.ts'
import { addressName, callersSummary, pathText, workloadName } from '../access-text.ts'
import { Causes } from '../causes.ts'
import { type HopView, renderHops } from '../explanation.ts'
import { groupBy } from '../group.ts'
import { NOT_MODELED, SEVERITY, STATUS_LABELS } from '../hop-text.ts'
import { installationLines } from '../installation.ts'
import { plural, skipLine, suppressionLine } from '../text.ts'
import { toAccessMatrix } from './access-matrix.ts'
import { causeCell, omittedCauses, summarize } from './cause-summary.ts'
import { toDocument } from './document.ts'
import { pathTitle } from './hop-data.ts'
import { PageBuilder, type PathInput } from './page-builder.ts'

type AccessModel = AccessView['models'][number]

/** Calls of some workloads to one address, with the hops of one of their paths. */
interface Call extends Pick<CallsView, 'workloads' | 'via'> {
  readonly path: AccessPathView
  readonly hops: readonly HopView[]
}

/** Page of `access`: the result for each group of workloads, and the diagram of each request path. */
export function toAccessHtml(view: View<'ConfigMap' | 'Pod'>, access: Access): string {
  const rendered = toAccess(view, access)
  const { models, workloads, notEvaluated, skipped, installation } = rendered
  const names = workloads.map(workloadName)
  const evaluated = zip(models, access.models).map(([model, { calls }]) => ({
    model,
    calls: callsOf(view, model, calls)
  }))
  const causes = new Causes(
    evaluated.map(({ model: { inferenceService }, calls }) => ({ inferenceService, paths: calls }))
  )
  const builder = new PageBuilder()
  // Workloads of one name can differ in labels.
  const callers = names.map(one => builder.addCaller(one))
  const positions = evaluated.map(({ model, calls }) =>
    builder.addModel(model.inferenceService, toPaths(calls, callers), notesOf(model))
  )
  const affected = models.filter(({ calls }) => calls.some(({ verdict }) => verdict !== 'ok'))
  const { columns, cells, others } = toAccessMatrix(rendered, names)
  return toDocument({
    title: 'Workloads that can call InferenceServices',
    summary: `${affected.length} of ${plural(models.length, 'InferenceService')} cannot be called by some of ${plural(names.length, 'running workload')}`,
    matrix: {
      title: 'Access matrix',
      caption: `Result for each group of workloads with equal results. BLOCKED 2/4: two of four request paths are blocked.${others === 0 ? '' : ` The results of ${plural(others, 'other workload')} are shown with each InferenceService.`}`,
      columns: [...columns, 'Causes'],
      rows: zip(evaluated, cells).map(([{ model, calls }, own], i) => ({
        name: model.inferenceService,
        model: positions[i],
        cells: [...own, causeCell(causes, calls)]
      }))
    },
    causes: summarize(causes),
    notes: [
      ...omittedCauses(causes),
      ...notEvaluated.map(skipLine),
      ...skipped.map(suppressionLine),
      ...installationLines(installation)
    ],
    data: builder.build()
  })
}

const notesOf = ({ modeled, calls }: AccessModel) => [modeled ? callersSummary(calls) : NOT_MODELED]

/** Pairs of two lists of equal length. */
const zip = <A, B>(all: readonly A[], others: readonly B[]): readonly (readonly [A, B])[] =>
  all.map((one, i) => [one, others[i] as B])

/** Each rendered path, with the hops of the evaluated one. */
function callsOf(
  view: View<'ConfigMap'>,
  { calls }: AccessModel,
  evaluated: readonly WorkloadCalls[]
): readonly Call[] {
  return zip(calls, evaluated).flatMap(([{ workloads, via, paths }, source]) =>
    zip(paths, source.paths).map(([rendered, { path, failure }]) => ({
      workloads,
      via,
      path: rendered,
      hops: path.hops.flatMap(hop => renderHops(view, hop, failure)).map(hop => withMessage(hop, rendered))
    }))
  )
}

/** The failure as it is for all workloads of the result. */
const withMessage = (hop: HopView, { failure }: AccessPathView): HopView =>
  hop.failure === undefined || failure === undefined ? hop : { ...hop, failure: { ...hop.failure, ...failure } }

/** Most severe first. Addresses with equal paths are merged. */
function toPaths(calls: readonly Call[], callers: readonly number[]): readonly PathInput[] {
  const merged = groupBy(calls, ({ workloads, path, hops }) => JSON.stringify([workloads, path, hops]))
  return SEVERITY.flatMap(wanted => [...merged.values()].filter(([{ path }]) => path.verdict === wanted)).map(group => {
    const [{ workloads, path, hops }] = group
    const { verdict, notEvaluated } = path
    return {
      verdict,
      result: STATUS_LABELS[verdict].trim(),
      callers: workloads.map(one => callers[one] as number),
      address: [...new Set(group.map(({ via }) => addressName(via).replace(/^via /, '')))].join(' or '),
      figures: [{ title: [pathTitle(hops), branchText(path)].filter(text => text !== '').join(', '), hops }],
      failures: hops.flatMap(({ failure }) => failure ?? []),
      notes: notEvaluated.map(reason => `Not evaluated: ${reason}`)
    }
  })
}

/** Without the hop and the identity, which the diagram has. */
const branchText = (path: AccessPathView) => pathText({ ...path, verdict: 'ok', identities: [] })
