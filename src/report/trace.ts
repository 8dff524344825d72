import { z } from 'zod'
import type { Trace, TraceRequest } from '../engine/trace.ts'
import type { View } from '../state/snapshot.ts'
import { callResultSchema, renderCallResult } from './call-result.ts'
import { type FailureView, failureSchema, renderFailure } from './explanation.ts'
import { callLines, failureLines, STATUS_LABELS } from './explanation-text.ts'

/** Schema of the JSON output. */
export const traceSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Trace'),
  from: z.string(),
  host: z.string(),
  port: z.int(),
  verdict: z.enum(['ok', 'blocked', 'unknown']),
  calls: z
    .array(callResultSchema.extend({ failure: failureSchema.optional() }))
    .readonly()
    .describe('One for each endpoint of the Service'),
  failure: failureSchema.optional().describe('Set if the Service has no endpoints'),
  unknownReason: z.string().optional(),
  notes: z.array(z.string()).readonly()
})

export type TraceView = z.output<typeof traceSchema>

/** Converts a trace to the output format. */
export function toTrace(view: View<'ConfigMap'>, { from }: TraceRequest, trace: Trace): TraceView {
  const { destination, unknown: unknownReason, notes } = trace
  const failure = trace.failure && renderFailure(trace.failure)
  const calls = trace.calls.map(one => ({
    ...renderCallResult(view, one.call),
    failure: one.failure && renderFailure(one.failure)
  }))
  const isBlocked = failure !== undefined || calls.some(({ verdict }) => verdict === 'blocked')
  const verdict = isBlocked ? 'blocked' : unknownReason === undefined ? 'ok' : 'unknown'
  const { host, port } = destination
  return {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Trace',
    from,
    host,
    port,
    verdict,
    calls,
    failure,
    unknownReason,
    notes
  }
}

/** Text output. */
export function toTraceText({ from, host, port, verdict, calls, failure, unknownReason, notes }: TraceView): string {
  const shown = new Set<string>()
  const linesOf = (one: FailureView | undefined) => (one === undefined ? [] : failureLines(one, shown))
  return [
    `${STATUS_LABELS[verdict]} ${from} -> ${host}:${port}`,
    ...calls.flatMap(call => [
      `  ${STATUS_LABELS[call.verdict]} ${call.server.name}`,
      ...[...callLines(call), ...linesOf(call.failure)].map(line => `      ${line}`)
    ]),
    ...linesOf(failure).map(line => `    ${line}`),
    ...(unknownReason === undefined ? [] : [`    unknown: ${unknownReason}`]),
    ...notes.map(note => `note: ${note}`)
  ].join('\n')
}
