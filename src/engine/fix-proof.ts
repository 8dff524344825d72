import { pathsOf } from '../request/inference-service-paths.ts'
import { failedHopOf, type Path } from '../request/request-path.ts'
import type { Manifest, Rules } from '../rules/lib/rule.ts'
import { findKind, nameOf, type Ref, type Resource } from '../state/resource.ts'
import type { Change, Snapshot } from '../state/snapshot.ts'
import { decide } from './decide.ts'
import type { BlockedPathRef, Finding } from './finding.ts'
import { track } from './incremental/dependency-tracking.ts'
import type { Policy } from './to-findings.ts'

/** `words`: the fix has no objects, only text. */
export type Proof = { readonly is: 'good' | 'words' } | { readonly is: 'bad'; readonly reason: string }

/** Converts a manifest of a fix to a resource. */
export type ManifestReader = (manifest: Manifest) => Resource | undefined

/**
 * Proves the fixes of a denial: applied before the change, in some order, none of their objects is denied;
 * then the change is not denied,
 * unless a fix replaces it; and the paths that the findings name are not blocked at their hop.
 */
export function proveFixes(
  state: Snapshot,
  change: Change,
  findings: readonly Finding[],
  read: ManifestReader,
  rules: Rules,
  policy: Policy
): Proof {
  const objects = new Map(findings.flatMap(({ fix: { apply = [] } }) => apply.map(one => [JSON.stringify(one), one])))
  const removed = findings.flatMap(({ fix: { remove = [] } }) => remove)
  if (findings.some(({ fix: { apply = [], remove = [] } }) => apply.length + remove.length === 0))
    return { is: 'words' }
  const changed = nameOf(change.after ?? change.before)
  let fixed = state
  const denialOf = (step: Change): string | undefined => {
    const decided = decide(fixed, step, rules, policy)
    if (decided.decision !== 'deny') fixed = fixed.apply(step)
    const denying = decided.findings.filter(({ mode }) => mode === 'deny').map(({ rule }) => rule)
    return decided.decision === 'deny' ? denying.join(', ') : undefined
  }
  const steps = [
    ...[...objects.values()].map(one => applying(fixed, read(one))),
    ...removed.map(ref => removing(fixed, ref))
  ]
  if (steps.includes(undefined)) return { is: 'bad', reason: 'an object of the fix cannot be read' }
  let pending = steps.filter(step => step !== undefined)
  while (pending.length > 0) {
    const denials = pending.map(step => ({ step, denial: denialOf(step) }))
    const denied = denials.filter(({ denial }) => denial !== undefined)
    const [first] = denied
    if (first !== undefined && denied.length === pending.length) {
      const name = nameOf(first.step.after ?? first.step.before)
      return { is: 'bad', reason: `${name} of the fix is denied: ${first.denial}` }
    }
    pending = denied.map(({ step }) => step)
  }
  const isReplaced = steps.some(step => step !== undefined && nameOf(step.after ?? step.before) === changed)
  const denial = isReplaced ? undefined : denialOf(change)
  if (denial !== undefined) return { is: 'bad', reason: `the change is denied: ${denial}` }
  const still = findings.flatMap(({ blocked }) => blocked).find(path => isBlocked(fixed, path))
  if (still === undefined) return { is: 'good' }
  return { is: 'bad', reason: `${still.inferenceService} is blocked for ${still.caller} at ${still.hop}` }
}

function applying(state: Snapshot, after: Resource | undefined): Change | undefined {
  if (after === undefined) return undefined
  const before: Resource | undefined = state.get(after.kind, after.namespace, after.name)
  if (before === undefined) return { operation: 'CREATE', after }
  return { operation: 'UPDATE', before, after: { ...after, created: before.created } as Resource }
}

function removing(state: Snapshot, { apiVersion, kind, namespace, name }: Ref): Change | undefined {
  const known = findKind(apiVersion, kind)
  if (known === undefined) return undefined
  const before: Resource | undefined = state.get(known, namespace, name)
  return before === undefined ? undefined : { operation: 'DELETE', before }
}

/** True if a path of these callers is blocked at the hop of the finding. */
function isBlocked(state: Snapshot, { inferenceService, caller, from, hop }: BlockedPathRef): boolean {
  const [namespace = '', name = ''] = inferenceService?.split('/') ?? []
  const model = state.get('InferenceService', namespace, name)
  if (model === undefined) return false
  const { value = [] } = track(state, view => pathsOf(view, model))
  const isSame = (path: Path) =>
    path.caller === caller &&
    (from === undefined || path.from === undefined || from.some(one => path.from?.includes(one)))
  return value.some(path => isSame(path) && failedHopOf(path)?.name === hop)
}
