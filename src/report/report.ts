import { z } from 'zod'
import type { AdmissionDecision } from '../engine/decide.ts'
import type { Finding } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/not-evaluated.ts'
import type { Operation } from '../engine/mutate.ts'
import type { Ref } from '../state/resource.ts'

/** Where an object or a field stands in a file. */
export interface Source {
  readonly file: string
  readonly line: number
}

/** A finding, with its place in the file that was checked, if it came from one. */
export type Reported = Finding & { readonly source: Source | undefined }

/** One change, and what admission would say of it. */
export interface Step {
  readonly object: Ref
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly source: Source
  readonly decision: AdmissionDecision
  /** What the mutating webhook would answer, as RFC 6902. */
  readonly patch: readonly Operation[]
  /** Why something that policy requires was left out of the patch. */
  readonly notes: readonly string[]
  readonly findings: readonly Reported[]
  readonly existing: readonly Reported[]
}

/** What is printed, by all commands alike. */
export interface Report {
  readonly decision: AdmissionDecision
  readonly steps: readonly Step[]
  readonly findings: readonly Reported[]
  readonly skipped: readonly Skip[]
}

export const refSchema = z.object({ apiVersion: z.string(), kind: z.string(), namespace: z.string(), name: z.string() })
const source = z.object({ file: z.string(), line: z.int() })
const verdict = z.enum(['deny', 'warn', 'allow'])
export const callerSchema = z.enum(['external', 'in-mesh', 'non-mesh', 'probe', 'system'])
export const fromSchema = z
  .array(z.string())
  .readonly()
  .optional()
  .describe('Namespaces of the callers for which this holds alike; absent: any namespace that nothing names')
export const fixSchema = z.object({ text: z.string(), apply: z.array(z.looseObject({})), remove: z.array(refSchema) })
export const skippedSchema = z
  .array(
    z.object({
      rule: z.string(),
      missing: z.array(z.string()).readonly(),
      reason: z.string(),
      exception: z
        .object({ owner: z.string(), expires: z.string(), state: z.enum(['in-force', 'expired']) })
        .readonly()
        .optional()
        .describe('Present where nothing was missing: the configuration excepts this, or did until it expired')
    })
  )
  .readonly()
const finding = z.object({
  rule: z.string(),
  severity: z.enum(['blocks', 'latent', 'opens', 'wastes', 'style']),
  mode: z.enum(['deny', 'warn', 'audit']),
  object: refSchema,
  source: source.optional(),
  field: z.string(),
  message: z.string().max(1000),
  docs: z.string(),
  fix: fixSchema,
  cuts: z.array(
    z.object({
      inferenceService: z.string().optional(),
      caller: callerSchema,
      from: fromSchema,
      hop: z.string()
    })
  ),
  opens: z.array(z.object({ inferenceService: z.string(), what: z.string() }))
})

/** The report as it is printed by `-o json`. */
export const reportSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Report'),
  decision: verdict.describe('Strictest decision of the steps; for audit, of the findings'),
  steps: z.array(
    z.object({
      object: refSchema,
      operation: z.enum(['CREATE', 'UPDATE', 'DELETE']),
      source,
      decision: verdict,
      patch: z.array(z.object({ op: z.literal('add'), path: z.string(), value: z.unknown() })),
      notes: z.array(z.string()),
      findings: z.array(finding),
      existing: z.array(finding)
    })
  ),
  findings: z.array(finding),
  skipped: skippedSchema
})
