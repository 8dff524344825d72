import { z } from 'zod'
import type { Explained, ExplainedFailure } from '../engine/explain.ts'
import type { CallResult, Hop } from '../request/hop.ts'
import type { Path } from '../request/request-path.ts'
import { toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { callResultSchema, renderCallResult } from './call-result.ts'
import { installationSchema, toInstallation } from './installation.ts'
import {
  callerSchema,
  fixSchema,
  namespacesSchema,
  notEvaluatedSchema,
  refSchema,
  suppressionSchema
} from './report.ts'

/** Cause of a blocked path, and the smallest fix. */
export const failureSchema = z.object({
  rule: z.string(),
  message: z.string(),
  symptom: z.string().describe('What users see'),
  object: refSchema.optional().describe('Object at fault; absent, like field and fix, if the rule was not evaluated'),
  field: z.string().optional(),
  fix: fixSchema
    .extend({
      grants: fixSchema.shape.grants.optional().describe('Callers that the fix lets through to the InferenceService')
    })
    .optional()
})
export type FailureView = z.output<typeof failureSchema>

export const verdictSchema = z.enum(['ok', 'blocked', 'unknown'])
export const activatorModeSchema = z
  .enum(['serve', 'proxy'])
  .optional()
  .describe('direct to the pods (serve) or via the activator (proxy)')
export const hopSchema = z.object({
  name: z.string(),
  verdict: verdictSchema,
  route: z
    .object({ virtualService: refSchema, destination: z.string().describe('Host and port') })
    .optional()
    .describe('Route that leads to the server; absent: the request goes to the Service of its host'),
  calls: z.array(callResultSchema).readonly(),
  failure: failureSchema.optional(),
  unknownReason: z.string().optional().describe('Missing input that decides')
})
const path = z.object({
  caller: callerSchema,
  callerNamespaces: namespacesSchema,
  via: z
    .string()
    .describe(
      '`address` (InferenceService URL), `component` (component host), `canary` and its name, the name of the caller, or of external callers `status.url` (another URL there), `additional domain` and its name, `pathTemplate`, `route` with host and path of a VirtualService that KServe does not make'
    ),
  activatorMode: activatorModeSchema,
  revision: z
    .literal('previous')
    .optional()
    .describe('Set if another revision than the latest gets a share of the requests'),
  expected: z.boolean().describe('False if no object shows that such callers exist'),
  verdict: verdictSchema,
  hops: z.array(hopSchema).readonly()
})

const unpublished = z.object({
  caller: callerSchema,
  reason: z.string().describe('Value that decides it'),
  object: refSchema,
  field: z.string()
})
const model = z.object({
  inferenceService: z.string(),
  paths: z.array(path).readonly(),
  unpublished: z.array(unpublished).readonly().describe('Callers for which no controller publishes an address')
})

/** Schema of the JSON output of `explain`. */
export const explanationSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Explanation'),
  models: z.array(model).readonly(),
  notEvaluated: notEvaluatedSchema,
  skipped: z.array(suppressionSchema).readonly().describe('Findings that an exception suppresses'),
  installation: installationSchema
})

export type Explanation = z.output<typeof explanationSchema>
export type PathView = z.output<typeof path>
export type ModelView = z.output<typeof model>
export type HopView = z.output<typeof hopSchema>

/** Converts evaluated paths to the output format. */
export function toExplanation(
  view: View<'ConfigMap' | 'Pod'>,
  { models, notEvaluated, suppressed }: Explained
): Explanation {
  return {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Explanation',
    models: models.map(({ model, paths, unpublished }) => ({
      inferenceService: model,
      paths: paths.map(({ path, failure }) => renderPath(view, path, failure)),
      unpublished: unpublished === undefined ? [] : [{ caller: 'external', ...unpublished }]
    })),
    notEvaluated,
    skipped: suppressed,
    installation: toInstallation(view)
  }
}

function renderPath(view: View<'ConfigMap'>, path: Path, failure: ExplainedFailure | undefined): PathView {
  const { caller, from, entry, activatorMode, revision, expected } = path
  const hops = path.hops.flatMap(one => renderHops(view, one, failure))
  const verdict = verdictOf(hops)
  return { caller, callerNamespaces: from, via: entry, activatorMode, revision, expected, verdict, hops }
}

/** Verdict of the first hop that is not ok. */
export function verdictOf(hops: readonly HopView[]): HopView['verdict'] {
  return hops.find(one => one.verdict !== 'ok')?.verdict ?? 'ok'
}

/**
 * A hop, in two parts if its calls pass a waypoint: to the waypoint, and from there. A path ends at its failed hop, so only one
 * hop can have the failure.
 */
export function renderHops(
  view: View<'ConfigMap'>,
  hop: Hop,
  failure: ExplainedFailure | undefined
): readonly HopView[] {
  const [from, to] = hop.name.split('->')
  const vias = hop.calls.flatMap(({ via }) => via ?? [])
  const [first] = hop.calls
  const isAtWaypoint = vias.length === 0 && first?.connection.server.at === 'waypoint'
  const main = renderHop(view, hop, failure, isAtWaypoint ? `${from}->waypoint` : hop.name)
  if (vias.length === 0) return [main]
  const calls = vias.map(call => renderCallResult(view, call))
  return [
    { name: `${from}->waypoint`, verdict: 'ok', calls },
    { ...main, name: `waypoint->${to}` }
  ]
}

function renderHop(view: View<'ConfigMap'>, hop: Hop, failure: ExplainedFailure | undefined, name: string): HopView {
  const { unknown, routedBy } = hop
  const [call] = hop.calls
  const route = routedBy && call && { virtualService: toRef(routedBy), destination: destinationOf(call) }
  const calls = hop.calls.map(call => renderCallResult(view, call))
  if (failure !== undefined && hop.failure !== undefined)
    return { name, verdict: 'blocked', route, calls, failure: renderFailure(failure) }
  return { name, verdict: unknown === undefined ? 'ok' : 'unknown', route, calls, unknownReason: unknown?.reason }
}

const destinationOf = ({ destination: { host, port } }: CallResult) => `${host}:${port}`

export function renderFailure({ rule, symptom, problem, skip, grants = [] }: ExplainedFailure): FailureView {
  if (problem === undefined) return { rule, message: `blocked; cause not evaluated: ${skip?.reason}`, symptom }
  const { object, field, message, fix } = problem
  const { text, apply = [], remove = [] } = fix
  const known = grants.length === 0 ? {} : { grants: [...grants] }
  return { rule, message, symptom, object, field, fix: { text, apply: [...apply], remove: [...remove], ...known } }
}
