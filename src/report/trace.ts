import { z } from 'zod'
import type { Trace, TraceRequest } from '../engine/trace.ts'
import type { View } from '../model/snapshot.ts'
import { cutSchema, tellCut } from './explanation.ts'
import { cutLines, MARKS, passageLines } from './explanation-text.ts'
import { passageSchema, tellPassage } from './passage.ts'

/** The trace as it is printed by `--format json`. */
export const traceSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Trace'),
  from: z.string(),
  host: z.string(),
  port: z.int(),
  verdict: z.enum(['ok', 'cut', 'unknown']),
  passages: z
    .array(passageSchema.extend({ cut: cutSchema.optional() }))
    .readonly()
    .describe('One for each pod behind the Service'),
  cut: cutSchema.optional().describe('Where no pod stands behind it'),
  unknown: z.string().optional(),
  notes: z.array(z.string()).readonly()
})

export type ToldTrace = z.output<typeof traceSchema>

/** Puts a trace into words. */
export function toTrace(view: View<'ConfigMap'>, { from }: TraceRequest, trace: Trace): ToldTrace {
  const { destination, unknown, notes } = trace
  const cut = trace.failure && tellCut(trace.failure)
  const passages = trace.passages.map(one => ({
    ...tellPassage(view, one.passage),
    cut: one.failure && tellCut(one.failure)
  }))
  const isCut = cut !== undefined || passages.some(({ verdict }) => verdict === 'cut')
  const verdict = isCut ? 'cut' : unknown === undefined ? 'ok' : 'unknown'
  const { host, port } = destination
  return { apiVersion: 'mesh-guard.io/v1', kind: 'Trace', from, host, port, verdict, passages, cut, unknown, notes }
}

/** The trace for people. */
export function toTraceText({ from, host, port, verdict, passages, cut, unknown, notes }: ToldTrace): string {
  const shown = new Set<string>()
  return [
    `${MARKS[verdict]} ${from} -> ${host}:${port}`,
    ...passages.flatMap(passage => [
      `  ${MARKS[passage.verdict]} ${passage.server}`,
      ...[...passageLines(passage), ...(passage.cut === undefined ? [] : cutLines(passage.cut, shown))].map(
        line => `      ${line}`
      )
    ]),
    ...(cut === undefined ? [] : cutLines(cut, shown).map(line => `    ${line}`)),
    ...(unknown === undefined ? [] : [`    not known: ${unknown}`]),
    ...notes.map(note => `note: ${note}`)
  ].join('\n')
}
