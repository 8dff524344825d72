import { Causes } from '../causes.ts'
import type { Explanation, ModelView, PathView } from '../explanation.ts'
import { callerLabel, entryLabel, hasCallerClasses, unpublishedText } from '../explanation-text.ts'
import { groupBy } from '../group.ts'
import { NOT_MODELED, SEVERITY, STATUS_LABELS } from '../hop-text.ts'
import { installationLines } from '../installation.ts'
import { CALLERS, cellOf, worstOf } from '../overview-text.ts'
import { plural, skipLine, suppressionLine } from '../text.ts'
import { causeCell, omittedCauses, summarize } from './cause-summary.ts'
import { type Cell, type Row, toDocument } from './document.ts'
import { pathTitle } from './hop-data.ts'
import { PageBuilder, type PathInput } from './page-builder.ts'

/** Page of `explain`: the result for each kind of caller, and the diagram of each request path. */
export function toExplanationHtml(explanation: Explanation): string {
  const { models, notEvaluated, skipped, installation } = explanation
  const ordered = [...SEVERITY, undefined].flatMap(wanted => models.filter(one => verdictOf(one) === wanted))
  const causes = new Causes(ordered)
  const builder = new PageBuilder()
  const affected = models.filter(({ paths }) => paths.some(({ verdict }) => verdict !== 'ok'))
  return toDocument({
    title: 'Request paths to InferenceServices',
    summary: `${affected.length} of ${plural(models.length, 'InferenceService')} affected`,
    matrix: {
      title: 'Access matrix',
      caption: 'Result for each kind of caller. BLOCKED 2/4: two of four request paths are blocked.',
      columns: ['External', 'In-mesh', 'Non-mesh', 'Probe', 'Causes'],
      rows: ordered.map(one => toRow(one, causes, builder))
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

const verdictOf = ({ paths }: ModelView) => (paths.length === 0 ? undefined : worstOf(paths))

function toRow(model: ModelView, causes: Causes, builder: PageBuilder): Row {
  const { inferenceService, paths, unpublished } = model
  const notes = [...unpublished.map(unpublishedText), ...(paths.length === 0 ? [NOT_MODELED] : [])]
  return {
    name: inferenceService,
    model: builder.addModel(inferenceService, toPaths(paths, builder), notes),
    cells: [...CALLERS.map(caller => toCell(model, caller)), causeCell(causes, paths)]
  }
}

function toCell({ paths, unpublished }: ModelView, caller: PathView['caller']): Cell {
  if (unpublished.some(one => one.caller === caller)) return { text: 'not published' }
  const own = paths.filter(path => path.caller === caller)
  return { text: cellOf(own), verdict: own.length === 0 ? undefined : worstOf(own) }
}

/** Most severe first. Addresses with equal paths are merged. */
function toPaths(paths: readonly PathView[], builder: PageBuilder): readonly PathInput[] {
  const hasClasses = hasCallerClasses(paths)
  const described = paths.map(path => ({ path, caller: callerLabel(path, hasClasses) }))
  const merged = groupBy(described, ({ path: { revision, hops }, caller }) => JSON.stringify([caller, revision, hops]))
  return SEVERITY.flatMap(wanted => [...merged.values()].filter(([{ path }]) => path.verdict === wanted)).map(group => {
    const [{ path, caller }] = group
    const { verdict, hops, revision } = path
    const addresses = group.map(one => entryLabel(one.path).replace(/^via /, ''))
    return {
      verdict,
      result: STATUS_LABELS[verdict].trim(),
      callers: [builder.addCaller(caller)],
      address: [...new Set(addresses)].join(' or '),
      figures: [{ title: `${pathTitle(hops)}${revision === undefined ? '' : `, ${revision} revision`}`, hops }],
      failures: hops.flatMap(({ failure }) => failure ?? []),
      notes: []
    }
  })
}
