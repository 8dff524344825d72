import { z } from 'zod'
import type { Access } from '../engine/access.ts'
import type { AccessPath, WorkloadCalls } from '../engine/access-results.ts'
import { OWN_IDENTITY, UNAUTHENTICATED } from '../engine/access-to-model.ts'
import type { ExplainedFailure } from '../engine/explain.ts'
import { modelKey } from '../engine/incremental/evaluate.ts'
import { failedHopOf } from '../request/request-path.ts'
import type { CallerWorkload } from '../request/running-callers.ts'
import type { View } from '../state/snapshot.ts'
import { activatorModeSchema, failureSchema, renderFailure, verdictSchema } from './explanation.ts'
import { installationSchema, toInstallation } from './installation.ts'
import { notEvaluatedSchema, suppressionSchema } from './report.ts'

const workload = z.object({
  namespace: z.string(),
  kind: z.string().describe('Kind of the controller; `Pod` without one'),
  name: z.string(),
  serviceAccount: z.string(),
  proxy: z.enum(['sidecar', 'ztunnel', 'none']),
  pods: z.int().describe('Number of running pods')
})

const path = z.object({
  activatorMode: activatorModeSchema,
  revision: z
    .literal('previous')
    .optional()
    .describe('Set if another revision than the latest gets a share of the requests'),
  verdict: verdictSchema,
  hops: z.array(z.string()).readonly().describe('Up to the first that is blocked or unknown'),
  identities: z
    .array(z.string())
    .readonly()
    .describe(
      `Peer identity that the server of the last hop sees: \`${OWN_IDENTITY}\` (that of the workload), \`${UNAUTHENTICATED}\`, or that of the hop before; empty if the connection fails`
    ),
  jwtRequired: z.boolean().describe('True if requests pass only with a valid JWT'),
  cause: z.string().optional(),
  failure: failureSchema.omit({ fix: true }).optional(),
  unknownReason: z.string().optional().describe('Missing input that decides'),
  notEvaluated: z.array(z.string()).readonly().describe('What can still reject the request')
})

const calls = z.object({
  via: z
    .string()
    .describe(
      '`address` (InferenceService URL), `component` (component host), the name of another component (its host), or `canary` and its name'
    ),
  host: z.string(),
  verdict: verdictSchema.describe('Worst verdict of the paths'),
  workloads: z.array(z.int()).readonly().describe('Positions in the list of workloads'),
  paths: z.array(path).readonly().describe('One for each activator mode and revision')
})
const model = z.object({
  inferenceService: z.string(),
  modeled: z.boolean().describe('False in ModelMesh mode'),
  calls: z.array(calls).readonly()
})

/** Schema of the JSON output of `access`. */
export const accessSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Access'),
  workloads: z
    .array(workload)
    .readonly()
    .describe(
      'Running workloads, without gateways and control planes; equal ones differ in labels that policies select'
    ),
  models: z.array(model).readonly(),
  notEvaluated: notEvaluatedSchema,
  skipped: z.array(suppressionSchema).readonly().describe('Findings that an exception suppresses'),
  installation: installationSchema
})

export type AccessView = z.output<typeof accessSchema>
export type CallsView = z.output<typeof calls>
export type AccessPathView = z.output<typeof path>
export type WorkloadView = z.output<typeof workload>

/** Converts access to the output format. */
export function toAccess(view: View<'ConfigMap' | 'Pod'>, access: Access): AccessView {
  const { workloads, models, notEvaluated, suppressed } = access
  const positions = new Map(workloads.map((one, position) => [one, position]))
  const renderCalls = ({ workloads: callers, paths }: WorkloadCalls): CallsView => {
    const [{ path: first }] = paths
    const rendered = paths.map(renderPath)
    return {
      via: first.entry,
      host: first.host,
      verdict: worstOf(rendered),
      workloads: callers.map(one => positions.get(one) as number).sort((a, b) => a - b),
      paths: rendered
    }
  }
  return {
    apiVersion: 'mesh-guard.io/v1',
    kind: 'Access',
    workloads: workloads.map(renderWorkload),
    models: models.map(({ service, modeled, calls: all }) => ({
      inferenceService: modelKey(service),
      modeled,
      calls: all.map(renderCalls)
    })),
    notEvaluated,
    skipped: suppressed,
    installation: toInstallation(view)
  }
}

function renderWorkload({ namespace, kind, name, serviceAccount, pods, proxy, pod }: CallerWorkload): WorkloadView {
  const withoutSidecar = pod.captured ? 'ztunnel' : 'none'
  return { namespace, kind, name, serviceAccount, proxy: proxy === 'none' ? withoutSidecar : 'sidecar', pods }
}

function renderPath({ path, failure, message, peers }: AccessPath): AccessPathView {
  const { activatorMode, revision, hops, tokenRequired, unknown, unevaluated = [] } = path
  const cause = failedHopOf(path)?.failure.cause
  return {
    activatorMode,
    revision,
    verdict: cause !== undefined ? 'blocked' : unknown === undefined ? 'ok' : 'unknown',
    hops: hops.map(({ name }) => name),
    identities: peers,
    jwtRequired: tokenRequired !== undefined,
    cause,
    failure: failure && withoutFix(failure, message),
    unknownReason: unknown?.reason,
    notEvaluated: unevaluated.map(({ reason }) => reason)
  }
}

function withoutFix(failure: ExplainedFailure, message: string | undefined): AccessPathView['failure'] {
  const { fix, ...own } = renderFailure(failure)
  return message === undefined ? own : { ...own, message }
}

function worstOf(paths: readonly AccessPathView[]): CallsView['verdict'] {
  const has = (wanted: AccessPathView['verdict']) => paths.some(one => one.verdict === wanted)
  return has('blocked') ? 'blocked' : has('unknown') ? 'unknown' : 'ok'
}
