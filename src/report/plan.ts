import { z } from 'zod'
import type { Plan, PlanStep } from '../engine/plan.ts'
import { type Unconfirmed, unconfirmedSteps } from '../engine/unconfirmed.ts'
import { nameOf } from '../state/resource.ts'
import { toYaml } from '../text/to-yaml.ts'
import { findingSchema, refSchema, type Source, sourceSchema } from './report.ts'
import { table } from './table.ts'
import { effectLines, plural, shortFixLines } from './text.ts'

const stepSchema = z.object({
  object: refSchema,
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'RESTART']),
  pods: z.array(z.string()).optional().describe('Pods in the namespace to restart; only of a restart'),
  source: sourceSchema.optional().describe('Absent for an inserted step'),
  decision: z.enum(['deny', 'warn', 'allow']),
  prevents: z.string().optional().describe('Rule whose denial of a later step an inserted step prevents'),
  manifest: z.unknown().optional().describe('Object to apply; absent for a deletion or restart'),
  findings: z.array(findingSchema)
})

/** Schema of the JSON output of `plan`. */
export const planSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Plan'),
  outcome: z
    .enum(['planned', 'impossible', 'gave-up'])
    .describe('`impossible`: each order has a denial; `gave-up`: not all orders were tried'),
  steps: z.array(stepSchema).describe('Without a plan: the steps after which each remaining change is denied'),
  denied: z.array(stepSchema),
  today: z.array(stepSchema).describe('The goal, if it is denied before any step'),
  unconfirmed: z
    .array(z.object({ object: refSchema.optional(), field: z.string().optional(), reason: z.string() }))
    .describe('What the steps leave open: what is not evaluated, or not supported upstream')
})

/** A step with the position of its manifest. */
type LocatedStep = PlanStep & { readonly source: Source | undefined }
export type LocatedPlan = Omit<Plan, 'steps' | 'denied'> & {
  readonly steps: readonly LocatedStep[]
  readonly denied: readonly LocatedStep[]
  readonly today: readonly LocatedStep[]
  readonly unconfirmed: readonly Unconfirmed[]
}

/**
 * Adds the positions of manifests to a plan.
 *
 * @param today the goal, if it is denied before any step
 * @param unconfirmed what is not evaluated, besides what the steps say
 */
export function locate(
  plan: Plan,
  today: readonly PlanStep[],
  sourceOf: (step: PlanStep) => Source | undefined,
  unconfirmed: readonly Unconfirmed[] = []
): LocatedPlan {
  const located = (steps: readonly PlanStep[]) => steps.map(step => ({ ...step, source: sourceOf(step) }))
  return {
    ...plan,
    steps: located(plan.steps),
    denied: located(plan.denied),
    today: located(today),
    unconfirmed: [...unconfirmedSteps([...plan.steps, ...plan.denied]), ...unconfirmed]
  }
}

/** JSON output. */
export function toPlanJson({ outcome, steps, denied, today, unconfirmed }: LocatedPlan): string {
  const toStep = ({
    wanted: { ref, object, deleting, restarts },
    change,
    decision,
    prevents,
    source
  }: LocatedStep) => ({
    object: ref,
    operation: operationOf(change, restarts),
    pods: restarts?.map(({ name }) => name),
    source,
    decision: decision.decision,
    prevents: prevents?.rule,
    manifest: deleting ? undefined : object,
    findings: decision.findings.map(({ fix: { text, apply = [], remove = [], grants = [] }, ...one }) => ({
      ...one,
      fix: { text, apply, remove, grants }
    }))
  })
  const all = { outcome, steps: steps.map(toStep), denied: denied.map(toStep), today: today.map(toStep), unconfirmed }
  return JSON.stringify({ apiVersion: 'mesh-guard.io/v1', kind: 'Plan', ...all }, undefined, 2)
}

const OUTCOMES = {
  planned: 'no step is denied',
  impossible: 'no order exists: after these steps each remaining change is denied',
  'gave-up': 'the search gave up: after these steps each remaining change that was tried is denied'
} as const

/** Text output: the steps, then the denials of what is left. */
export function toPlanText({ outcome, steps, denied, today, unconfirmed }: LocatedPlan, columns = Infinity): string {
  const inserted = steps.filter(({ prevents }) => prevents !== undefined).length
  const counts = `${plural(steps.length, 'step')}${inserted === 0 ? '' : `, ${inserted} inserted`}`
  return [
    ...today.flatMap(deniedLines).map((line, i) => (i === 0 ? line.replace('DENY  ', 'DENY  today: ') : line)),
    ...(steps.length === 0 ? [] : table([['STEP', 'DECISION', 'CHANGE', 'NOTE'], ...steps.map(toRow)], columns)),
    ...denied.flatMap(deniedLines),
    ...new Set(unconfirmed.map(unconfirmedLine)),
    `${counts}: ${OUTCOMES[outcome]}`
  ].join('\n')
}

function toRow(step: LocatedStep, i: number): readonly string[] {
  const { decision, prevents } = step
  const rules = [...new Set(decision.findings.map(({ rule }) => rule))].join(', ')
  const note = prevents === undefined ? rules : `inserted: a later step is denied without it, by ${prevents.rule}`
  return [`${i + 1}`, decision.decision, changeName(step), note]
}

function unconfirmedLine({ object, field, reason }: Unconfirmed): string {
  return `NOT CONFIRMED  ${object === undefined ? '' : `${nameOf(object)} ${field}: `}${reason}`
}

const operationOf = (change: LocatedStep['change'], restarts: LocatedStep['wanted']['restarts']) =>
  restarts === undefined ? change.operation : 'RESTART'

function changeName({ change, wanted: { ref, restarts }, source }: LocatedStep): string {
  const of = restarts === undefined ? '' : `${plural(restarts.length, 'pod')} of `
  return `${operationOf(change, restarts)} ${of}${nameOf(ref)}${source === undefined ? '' : ` (${source.file}:${source.line})`}`
}

function deniedLines(step: LocatedStep): readonly string[] {
  const denials = step.decision.findings.filter(({ mode }) => mode === 'deny')
  return [
    `DENY  ${changeName(step)}`,
    ...denials.flatMap(({ rule, message, object, field, fix, ...effects }) => [
      `  ${rule}: ${message}`,
      `    ${nameOf(object)} ${field}`,
      ...[...effectLines(effects), ...shortFixLines({ text: fix.text })].map(line => `    ${line}`)
    ])
  ]
}

/** Manifests in the order of the steps, for `kubectl apply`. Deletions and restarts are comments. */
export function toPlanManifests({ steps }: LocatedPlan): string {
  return steps
    .map(({ wanted: { ref, object, deleting, restarts }, prevents }, i) => {
      const inserted = prevents === undefined ? '' : ', inserted'
      const verb = restarts === undefined ? (deleting ? 'delete' : 'apply') : 'restart'
      const subjects = restarts?.map(nameOf).join(', ') ?? nameOf(ref)
      const head = `# Step ${i + 1} of ${steps.length}${inserted}: ${verb} ${subjects}`
      return object === undefined ? head : `${head}\n${toYaml(object, { lineWidth: 0 }).trimEnd()}`
    })
    .join('\n---\n')
}
