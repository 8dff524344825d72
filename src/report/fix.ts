import { z } from 'zod'
import type { Finding } from '../engine/finding.ts'
import type { Written } from '../engine/fix-candidate.ts'
import { denialsOf, type FixedStep, movedSteps } from '../engine/fix-changes.ts'
import { changedPaths } from '../engine/merge-fix.ts'
import { nameOf } from '../state/resource.ts'
import { toYaml } from '../text/to-yaml.ts'
import { findingSchema, refSchema, type Source, sourceSchema } from './report.ts'
import { fixLines, plural } from './text.ts'

const ACTIONS = ['keep', 'change', 'move', 'add', 'delete', 'skip'] as const

/** Schema of the JSON output of `fix`. */
export const fixResultSchema = z.object({
  apiVersion: z.literal('mesh-guard.io/v1'),
  kind: z.literal('Fix'),
  outcome: z.enum(['admitted', 'denied']).describe('`denied`: some changes have no proven fix'),
  documents: z
    .array(
      z.object({
        object: refSchema,
        source: sourceSchema.optional().describe('Absent for an added document'),
        action: z
          .enum(ACTIONS)
          .describe('`move`: before the change that needs it, perhaps also changed; `skip`: kind is not evaluated'),
        changed: z.array(z.string()).describe('Fields that the fix sets or deletes'),
        decision: z.enum(['deny', 'warn', 'allow']).optional().describe('Absent if not evaluated'),
        manifest: z.unknown().describe('Absent for a deletion'),
        fixes: z.array(findingSchema).describe('Denials that the fix removes'),
        denied: z.array(findingSchema).describe('Denials that remain')
      })
    )
    .describe('In the order in which they are to be applied')
})

/** Manifest with its position. */
export interface Located extends Written {
  readonly source: Source
}

type Step = FixedStep<Located>

interface FixedView {
  readonly step: Step
  readonly action: (typeof ACTIONS)[number]
  readonly changed: readonly string[]
  readonly denied: readonly Finding[]
}

/** @param manifests in the order in which they were given */
function toViews(steps: readonly Step[], manifests: readonly Located[]): readonly FixedView[] {
  const moved = movedSteps(steps, manifests)
  return steps.map(step => {
    const { written, object, deleting, result } = step
    const changed = written === undefined || deleting ? [] : changedPaths(written.object, object)
    const kept = moved.has(step) ? 'move' : changed.length > 0 ? 'change' : result === undefined ? 'skip' : 'keep'
    const action = deleting ? 'delete' : written === undefined ? 'add' : kept
    return { step, action, changed, denied: denialsOf(step) }
  })
}

/** JSON output. */
export function toFixJson(steps: readonly Step[], manifests: readonly Located[]): string {
  const documents = toViews(steps, manifests).map(({ step, action, changed, denied }) => ({
    object: step.ref,
    source: step.written?.source,
    action,
    changed,
    decision: step.result?.decision.decision,
    manifest: step.object,
    fixes: step.reasons.map(withAllLists),
    denied: denied.map(withAllLists)
  }))
  const outcome = hasDenials(steps) ? 'denied' : 'admitted'
  return JSON.stringify({ apiVersion: 'mesh-guard.io/v1', kind: 'Fix', outcome, documents }, undefined, 2)
}

const withAllLists = ({ fix: { text, apply = [], remove = [], grants = [] }, ...one }: Finding) => ({
  ...one,
  fix: { text, apply, remove, grants }
})

export const hasDenials = (steps: readonly Step[]) => steps.some(step => denialsOf(step).length > 0)

/** Text output: what the fixes change and why, what stays denied, and the counts. */
export function toFixText(steps: readonly Step[], manifests: readonly Located[]): string {
  const views = toViews(steps, manifests)
  const count = (wanted: FixedView['action']) => views.filter(({ action }) => action === wanted).length
  const denied = views.filter(one => one.denied.length > 0).length
  return [
    ...views.flatMap((view, i) => viewLines(view, new Set(views.slice(0, i).flatMap(({ step }) => step.reasons)))),
    [
      `${plural(manifests.length, 'manifest')}: ${count('change')} changed`,
      `${count('move')} moved`,
      `${count('add')} added`,
      `${count('delete')} to delete`,
      `${denied} denied`
    ].join(', ')
  ].join('\n')
}

/** @param printed denials that are not printed again */
function viewLines({ step, action, changed, denied }: FixedView, printed: ReadonlySet<Finding>): readonly string[] {
  const { ref, reasons, written } = step
  const where = written === undefined ? '' : `${written.source.file}:${written.source.line}: `
  const isShown = action !== 'keep' && action !== 'skip'
  return [
    ...(isShown ? [`${action.toUpperCase().padEnd(6)} ${where}${nameOf(ref)}`] : []),
    ...changed.map(path => `  changes ${path}`),
    ...reasons.flatMap(finding => (printed.has(finding) ? `  ${finding.rule}: as above` : findingLines(finding))),
    ...(denied.length > 0 ? [`DENY   ${where}${nameOf(ref)}`, ...denied.flatMap(findingLines)] : [])
  ]
}

function findingLines({ rule, message, fix: { text, grants = [] } }: Finding): readonly string[] {
  return [`  ${rule}: ${message}`, ...fixLines({ text, grants }).map(line => `    ${line}`)]
}

/** Manifests in the order in which they are to be applied. Deletions and denied changes are comments. */
export function toFixManifests(steps: readonly Step[]): string {
  return steps
    .map(step => {
      const notice = noticeOf(step)
      return notice === undefined ? toYaml(step.object, { lineWidth: 0 }).trimEnd() : `# ${notice}`
    })
    .join('\n---\n')
}

/** Lines about what `toFixManifests` cannot contain. */
export const toFixNotices = (steps: readonly Step[]): readonly string[] => steps.flatMap(step => noticeOf(step) ?? [])

function noticeOf(step: Step): string | undefined {
  const name = nameOf(step.ref)
  const denied = denialsOf(step)
  if (denied.length > 0) return `omitted because it is denied: ${name}: ${denied.map(({ rule }) => rule).join(', ')}`
  if (!step.deleting) return undefined
  return step.result === undefined ? `removed: ${name}` : `delete before applying what follows: ${name}`
}
