import { z } from 'zod'
import type { Trace, TraceRequest } from '../engine/trace.ts'
import type { View } from '../state/snapshot.ts'
import { callResultSchema, renderCallResult } from './call-result.ts'
import { failureSchema, renderFailure } from './explanation.ts'
import { callLines, failureLines, STATUS_LABELS } from './explanation-text.ts'

/** Schema of the JSON output. */
export const traceSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Trace'),
  from: z.string(),
  host: z.string(),
  port: z.int(),
  verdict: z.enum(['ok', 'cut', 'unknown']),
  passages: z
    .array(callResultSchema.extend({ cut: failureSchema.optional() }))
    .readonly()
    .describe('One for each pod behind the Service'),
  cut: failureSchema.optional().describe('Where no pod stands behind it'),
  unknown: z.string().optional(),
  notes: z.array(z.string()).readonly()
})

export type TraceView = z.output<typeof traceSchema>

/** Converts a trace to the output format. */
export function toTrace(view: View<'ConfigMap'>, { from }: TraceRequest, trace: Trace): TraceView {
  const { destination, unknown, notes } = trace
  const cut = trace.failure && renderFailure(trace.failure)
  const passages = trace.passages.map(one => ({
    ...renderCallResult(view, one.passage),
    cut: one.failure && renderFailure(one.failure)
  }))
  const isCut = cut !== undefined || passages.some(({ verdict }) => verdict === 'cut')
  const verdict = isCut ? 'cut' : unknown === undefined ? 'ok' : 'unknown'
  const { host, port } = destination
  return { apiVersion: 'mesh-guard.io/v1', kind: 'Trace', from, host, port, verdict, passages, cut, unknown, notes }
}

/** Text output. */
export function toTraceText({ from, host, port, verdict, passages, cut, unknown, notes }: TraceView): string {
  const shown = new Set<string>()
  return [
    `${STATUS_LABELS[verdict]} ${from} -> ${host}:${port}`,
    ...passages.flatMap(passage => [
      `  ${STATUS_LABELS[passage.verdict]} ${passage.server}`,
      ...[...callLines(passage), ...(passage.cut === undefined ? [] : failureLines(passage.cut, shown))].map(
        line => `      ${line}`
      )
    ]),
    ...(cut === undefined ? [] : failureLines(cut, shown).map(line => `    ${line}`)),
    ...(unknown === undefined ? [] : [`    not known: ${unknown}`]),
    ...notes.map(note => `note: ${note}`)
  ].join('\n')
}
