import { z } from 'zod'
import type { Explained, ExplainedFailure } from '../engine/explain.ts'
import type { Hop } from '../model/hop.ts'
import type { Path } from '../model/request-path.ts'
import type { View } from '../model/snapshot.ts'
import { passageSchema, tellPassage } from './passage.ts'
import { callerSchema, fixSchema, fromSchema, refSchema, skippedSchema } from './report.ts'

/** Why something is cut, and the smallest thing that mends it. */
export const cutSchema = z.object({
  rule: z.string(),
  message: z.string(),
  object: refSchema.optional().describe('At fault; absent, as field and fix, where that could not be judged'),
  field: z.string().optional(),
  fix: fixSchema.optional()
})
export type ToldCut = z.output<typeof cutSchema>

const verdict = z.enum(['ok', 'cut', 'unknown'])
const hop = z.object({
  name: z.string(),
  verdict,
  passages: z.array(passageSchema).readonly(),
  cut: cutSchema.optional(),
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

/** The explanation as it is printed by `--format json`. */
export const explanationSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Explanation'),
  models: z.array(z.object({ inferenceService: z.string(), paths: z.array(path).readonly() })).readonly(),
  skipped: skippedSchema
})

export type Explanation = z.output<typeof explanationSchema>
export type ToldPath = z.output<typeof path>
export type ToldHop = z.output<typeof hop>

/** Puts paths into words. */
export function toExplanation(view: View<'ConfigMap'>, { models, skipped }: Explained): Explanation {
  return {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Explanation',
    models: models.map(({ model, paths }) => ({
      inferenceService: model,
      paths: paths.map(({ path, failure }) => tellPath(view, path, failure))
    })),
    skipped
  }
}

function tellPath(view: View<'ConfigMap'>, path: Path, cut: ExplainedFailure | undefined): ToldPath {
  const { caller, from, entry, activatorMode, expected } = path
  const hops = path.hops.map(one => tellHop(view, one, cut))
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

/** A path ends where it is cut, so there is but one hop that the cut can be of. */
function tellHop(view: View<'ConfigMap'>, hop: Hop, cut: ExplainedFailure | undefined): ToldHop {
  const { name, unknown } = hop
  const passages = hop.calls.map(passage => tellPassage(view, passage))
  if (cut !== undefined && hop.failure !== undefined) return { name, verdict: 'cut', passages, cut: tellCut(cut) }
  return { name, verdict: unknown === undefined ? 'ok' : 'unknown', passages, unknown }
}

export function tellCut({ rule, problem, skip }: ExplainedFailure): ToldCut {
  if (problem === undefined) return { rule, message: `cut, and why could not be judged: ${skip?.reason}` }
  const { object, field, message, fix } = problem
  const { text, apply = [], remove = [] } = fix
  return { rule, message, object, field, fix: { text, apply: [...apply], remove: [...remove] } }
}
