import type { Access } from '../engine/access.ts'
import type { WorkloadCalls } from '../engine/access-results.ts'
import type { View } from '../state/snapshot.ts'
import { type CallsView, toAccess } from './access.ts'
import { accessText, pathText } from './access-text.ts'
import { renderHops } from './explanation.ts'
import { failureLines, hopLines } from './hop-text.ts'

/** Text output with all names, and every hop of the first workload of each line. */
export function toAccessWide(view: View<'ConfigMap' | 'Pod'>, access: Access, showFix: boolean): string {
  const rendered = toAccess(view, access)
  const evaluated = access.models.flatMap(({ calls }) => calls)
  const sources = new Map(rendered.models.flatMap(({ calls }) => calls).map((one, i) => [one, evaluated[i]]))
  const linesOf = (calls: CallsView) => {
    // Each of the rendered calls has its source.
    const { paths } = sources.get(calls) as WorkloadCalls
    const shown = new Set<string>()
    return [
      `host ${calls.host}`,
      ...paths.flatMap(({ path, failure }, i) => [
        ...(paths.length > 1 ? calls.paths.slice(i, i + 1).map(one => `path ${pathText(one)}:`) : []),
        ...path.hops
          .flatMap(hop => renderHops(view, hop, failure))
          .flatMap(hop => hopLines(hop, shown, one => failureLines(one, showFix)))
      ])
    ]
  }
  return accessText(rendered, { listNames: names => names.join(', '), linesOf })
}
