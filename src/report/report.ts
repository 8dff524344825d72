import { z } from 'zod'
import type { AdmissionDecision } from '../engine/decide.ts'
import type { Suppression } from '../engine/exceptions.ts'
import type { Finding } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import type { Operation } from '../engine/mutate.ts'
import type { Ref } from '../state/resource.ts'
import { type InstallationView, installationSchema } from './installation.ts'

/** Position of an object or a field in a manifest file. */
export interface Source {
  readonly file: string
  readonly line: number
}

/** Finding with the position of its field, if a manifest file defines the object. */
export type Reported = Finding & { readonly source: Source | undefined }

/** One change and its admission decision. */
export interface Step {
  readonly object: Ref
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly source: Source
  readonly decision: AdmissionDecision
  /** Patch of the mutating webhook, RFC 6902. */
  readonly patch: readonly Operation[]
  /** Values that policy requires and the patch omits, with the reason. */
  readonly notes: readonly string[]
  readonly findings: readonly Reported[]
  readonly existing: readonly Reported[]
}

/** Object of a kind that is not evaluated. */
export interface SkippedObject {
  readonly object: Ref
  readonly source: Source
  readonly reason: string
}

/** Result of `check` and `audit`. */
export interface Report {
  readonly decision: AdmissionDecision
  readonly steps: readonly Step[]
  readonly findings: readonly Reported[]
  readonly notEvaluated: readonly Skip[]
  readonly skipped: readonly (Suppression | SkippedObject)[]
  readonly installation: InstallationView
}

export const refSchema = z.object({ apiVersion: z.string(), kind: z.string(), namespace: z.string(), name: z.string() })
export const sourceSchema = z.object({ file: z.string(), line: z.int() })
const decision = z.enum(['deny', 'warn', 'allow'])
export const callerSchema = z.enum(['external', 'in-mesh', 'non-mesh', 'probe', 'system'])
/** Namespaces of a caller class. */
export const namespacesSchema = z
  .array(z.string())
  .readonly()
  .optional()
  .describe('Namespaces of callers with equal results; absent: any namespace without configuration of its own')
const grant = z.object({ inferenceService: z.string(), caller: callerSchema, from: namespacesSchema })
export const fixSchema = z.object({
  text: z.string(),
  apply: z.array(z.looseObject({})),
  remove: z.array(refSchema),
  grants: z.array(grant).describe('Callers that get through after the fix and did not before the change')
})
export const notEvaluatedSchema = z
  .array(z.object({ rule: z.string(), missing: z.array(z.string()).readonly(), reason: z.string() }))
  .readonly()
  .describe('Evaluations without a result, with the kinds that could not be read')
const exception = z.object({ owner: z.string(), expires: z.string(), state: z.enum(['active', 'expired']) })
export const suppressionSchema = z.object({ rule: z.string(), reason: z.string(), exception: exception.readonly() })
const skippedObject = z.object({ object: refSchema, source: sourceSchema, reason: z.string() })
export const findingSchema = z.object({
  rule: z.string(),
  category: z.enum(['outage', 'latent-outage', 'exposure', 'ineffective', 'style']),
  severity: z.enum(['critical', 'high', 'medium', 'low', 'info']).describe('Follows from the category'),
  mode: z.enum(['deny', 'warn', 'audit']),
  object: refSchema,
  source: sourceSchema.optional(),
  field: z.string(),
  message: z.string().max(1000),
  symptom: z.string().describe('What users see'),
  docs: z.string(),
  fix: fixSchema,
  blocked: z
    .array(
      z.object({
        inferenceService: z.string().optional(),
        caller: callerSchema,
        from: namespacesSchema,
        hop: z.string()
      })
    )
    .describe('Blocked request paths'),
  exposes: z.array(z.object({ inferenceService: z.string(), what: z.string() }))
})

/** Schema of the JSON output of `check` and `audit`. */
export const reportSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('CheckReport'),
  decision: decision.describe('Strictest decision of the steps; for audit, of the findings'),
  steps: z.array(
    z.object({
      object: refSchema,
      operation: z.enum(['CREATE', 'UPDATE', 'DELETE']),
      source: sourceSchema,
      decision,
      patch: z.array(z.object({ op: z.literal('add'), path: z.string(), value: z.unknown() })),
      notes: z.array(z.string()),
      findings: z.array(findingSchema).describe('Findings that the step introduces'),
      existing: z.array(findingSchema).describe('Pre-existing findings; they do not influence the decision')
    })
  ),
  findings: z.array(findingSchema),
  notEvaluated: notEvaluatedSchema,
  skipped: z
    .array(z.union([suppressionSchema, skippedObject]))
    .readonly()
    .describe('Findings that an exception suppresses, expired exceptions, and objects of kinds that are not evaluated'),
  installation: installationSchema
})
