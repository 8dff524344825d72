import { z } from 'zod'
import type { Trace, TraceRequest } from '../engine/trace.ts'
import type { View } from '../state/snapshot.ts'
import { activatorModeSchema, hopSchema, renderHops, verdictOf, verdictSchema } from './explanation.ts'
import { ACTIVATOR_MODES, failureLines, hopLines, STATUS_LABELS } from './hop-text.ts'

const branch = z.object({
  activatorMode: activatorModeSchema,
  verdict: verdictSchema,
  hops: z.array(hopSchema).readonly()
})

/** Schema of the JSON output. */
export const traceSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Trace'),
  from: z.string(),
  host: z.string(),
  port: z.int(),
  path: z.string().optional(),
  verdict: verdictSchema,
  branches: z.array(branch).readonly().describe('Ways that the request can take; each must work')
})

export type TraceView = z.output<typeof traceSchema>

/** Converts a trace to the output format. */
export function toTrace(view: View<'ConfigMap'>, { from, port, path }: TraceRequest, trace: Trace): TraceView {
  const branches = trace.branches.map(({ activatorMode, hops: followed, failure }) => {
    const hops = followed.flatMap(one => renderHops(view, one, failure))
    return { activatorMode, verdict: verdictOf(hops), hops }
  })
  const verdicts = branches.map(one => one.verdict)
  const verdict = verdicts.includes('blocked') ? 'blocked' : verdicts.includes('unknown') ? 'unknown' : 'ok'
  return { apiVersion: 'mesh-guard.io/v1', kind: 'Trace', from, host: trace.host, port, path, verdict, branches }
}

/**
 * Text output.
 *
 * @param showFix also prints the objects of the fixes
 */
export function toTraceText({ from, host, port, path = '', verdict, branches }: TraceView, showFix: boolean): string {
  const shown = new Set<string>()
  return [
    `${STATUS_LABELS[verdict]} ${from} -> ${host}:${port}${path}`,
    ...branches.flatMap(one => [
      ...(one.activatorMode === undefined
        ? []
        : [`  ${STATUS_LABELS[one.verdict]} ${ACTIVATOR_MODES[one.activatorMode]}`]),
      ...one.hops.flatMap(hop => hopLines(hop, shown, one => failureLines(one, showFix))).map(line => `    ${line}`)
    ])
  ].join('\n')
}
