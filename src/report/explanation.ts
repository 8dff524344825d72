import { z } from 'zod'
import type { Explained, ExplainedFailure } from '../engine/explain.ts'
import type { Hop } from '../request/hop.ts'
import type { Path } from '../request/request-path.ts'
import type { View } from '../state/snapshot.ts'
import { callResultSchema, renderCallResult } from './call-result.ts'
import { callerSchema, fixSchema, fromSchema, refSchema, skippedSchema } from './report.ts'

/** Cause of a blocked path, and the smallest fix. */
export const failureSchema = z.object({
  rule: z.string(),
  message: z.string(),
  object: refSchema.optional().describe('At fault; absent, as field and fix, where that could not be judged'),
  field: z.string().optional(),
  fix: fixSchema.optional()
})
export type FailureView = z.output<typeof failureSchema>

const verdict = z.enum(['ok', 'cut', 'unknown'])
const hop = z.object({
  name: z.string(),
  verdict,
  passages: z.array(callResultSchema).readonly(),
  cut: failureSchema.optional(),
  unknown: z.string().optional().describe('What is not known, and would decide')
})
const path = z.object({
  caller: callerSchema,
  from: fromSchema,
  entry: z.string().describe("By what: the model's `address`, or its `component`'s; for other callers, who they are"),
  leg: z.enum(['direct', 'activator']).optional(),
  needed: z.boolean().describe('False where nothing says that there are such callers'),
  verdict,
  hops: z.array(hop).readonly()
})

/** Schema of the JSON output. */
export const explanationSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Explanation'),
  models: z.array(z.object({ inferenceService: z.string(), paths: z.array(path).readonly() })).readonly(),
  skipped: skippedSchema
})

export type Explanation = z.output<typeof explanationSchema>
export type PathView = z.output<typeof path>
export type HopView = z.output<typeof hop>

/** Converts evaluated paths to the output format. */
export function toExplanation(view: View<'ConfigMap'>, { models, skipped }: Explained): Explanation {
  return {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Explanation',
    models: models.map(({ model, paths }) => ({
      inferenceService: model,
      paths: paths.map(({ path, failure }) => renderPath(view, path, failure))
    })),
    skipped
  }
}

function renderPath(view: View<'ConfigMap'>, path: Path, failure: ExplainedFailure | undefined): PathView {
  const { caller, from, entry, activatorMode, expected } = path
  const hops = path.hops.map(one => renderHop(view, one, failure))
  return {
    caller,
    from,
    entry,
    leg: activatorMode,
    needed: expected,
    verdict: hops.find(one => one.verdict !== 'ok')?.verdict ?? 'ok',
    hops
  }
}

/** A path ends at its failed hop, so only one hop can have the failure. */
function renderHop(view: View<'ConfigMap'>, hop: Hop, failure: ExplainedFailure | undefined): HopView {
  const { name, unknown } = hop
  const passages = hop.calls.map(passage => renderCallResult(view, passage))
  if (failure !== undefined && hop.failure !== undefined)
    return { name, verdict: 'cut', passages, cut: renderFailure(failure) }
  return { name, verdict: unknown === undefined ? 'ok' : 'unknown', passages, unknown }
}

export function renderFailure({ rule, problem, skip }: ExplainedFailure): FailureView {
  if (problem === undefined) return { rule, message: `cut, and why could not be judged: ${skip?.reason}` }
  const { object, field, message, fix } = problem
  const { text, apply = [], remove = [] } = fix
  return { rule, message, object, field, fix: { text, apply: [...apply], remove: [...remove] } }
}
