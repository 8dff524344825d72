import { failedHopOf, type Path } from '../request/request-path.ts'
import type { Manifest, Rules } from '../rules/lib/rule.ts'
import { findKind, nameOf, type Ref, type Resource } from '../state/resource.ts'
import type { Change, Snapshot } from '../state/snapshot.ts'
import { applyChange } from './apply-change.ts'
import { type EvaluationCache, evaluateChange } from './decide.ts'
import type { BlockedPathRef, Finding, Grant } from './finding.ts'
import { grantsOf } from './grants.ts'
import { type Evaluation, evaluate, modelKey } from './incremental/evaluate.ts'
import type { Policy } from './to-findings.ts'

/** `words`: the fix has no objects, only text. */
export type Proof =
  | { readonly is: 'good'; readonly grants: readonly Grant[] }
  | { readonly is: 'words' }
  | { readonly is: 'bad'; readonly reason: string }

/** Converts a manifest of a fix to a resource. */
export type ManifestReader = (manifest: Manifest) => Resource | undefined

export interface ProofContext {
  readonly rules: Rules
  readonly policy: Policy
  readonly read: ManifestReader
  /** Evaluation of a similar state, so that the proof evaluates only what differs. */
  readonly cache?: EvaluationCache
  /** Findings of the change that the fixes need not remove. */
  readonly others?: readonly Finding[]
}

/**
 * Proves the fixes of a denial: applied before the change, in some order, none of their objects is denied; then the change
 * is not denied, unless a fix replaces it; and the paths that the findings name are not blocked at their hop.
 */
export function proveFixes(
  state: Snapshot,
  change: Change,
  findings: readonly Finding[],
  context: ProofContext
): Proof {
  const { rules, policy, read, cache = {}, others = [] } = context
  if (findings.some(({ fix: { apply = [], remove = [] } }) => apply.length + remove.length === 0))
    return { is: 'words' }
  const changed = nameOf(change.after ?? change.before)
  let fixed = state
  const own: EvaluationCache = { ...cache }
  const denialOf = (step: Change, tolerated: readonly Finding[] = []): string | undefined => {
    const known = new Set(tolerated.map(keyOf))
    const { decision, after } = evaluateChange(fixed, step, rules, policy, own)
    const denying = decision.findings.filter(one => one.mode === 'deny' && !known.has(keyOf(one)))
    if (denying.length > 0) return denying.map(({ rule }) => rule).join(', ')
    fixed = after?.snapshot ?? applyChange(fixed, step)
    if (after !== undefined) own.latest = after
    return undefined
  }
  const removed = findings.flatMap(({ fix: { remove = [] } }) => remove.map(nameOf))
  const steps = stepsOf(fixed, change.operation === 'CREATE' ? findings.map(without(changed)) : findings, read)
  if (steps === undefined) return { is: 'bad', reason: 'an object of the fix cannot be read' }
  let pending = steps
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
  const isReplaced = [...steps.map(step => nameOf(step.after ?? step.before)), ...removed].includes(changed)
  const denial = isReplaced ? undefined : denialOf(change, others)
  if (denial !== undefined) return { is: 'bad', reason: `the change is denied: ${denial}` }
  const after = evaluate(fixed, rules, own.latest)
  const pathsByModel = pathsOfModels(after)
  const still = findings
    .flatMap(({ blocked }) => blocked)
    .find(path => isBlocked(pathsByModel.get(path.inferenceService ?? ''), path))
  if (still !== undefined)
    return { is: 'bad', reason: `${still.inferenceService} is blocked for ${still.caller} at ${still.hop}` }
  const before = evaluate(state.before(change), rules, cache.latest ?? own.latest)
  return { is: 'good', grants: grantsOf(before, after) }
}

/** Fix without the removal of an object that does not exist yet: it is not created then. */
const without =
  (name: string) =>
  ({ fix: { remove = [], ...fix } }: Finding) => ({
    fix: { ...fix, remove: remove.filter(ref => nameOf(ref) !== name) }
  })

/** Identity of a finding. */
const keyOf = ({ rule, object, field }: Finding) => `${rule} ${nameOf(object)} ${field}`

/** Changes that apply the fixes; `undefined` if an object cannot be read. */
export function stepsOf(
  state: Snapshot,
  findings: readonly Pick<Finding, 'fix'>[],
  read: ManifestReader
): readonly Change[] | undefined {
  const objects = new Map(findings.flatMap(({ fix: { apply = [] } }) => apply.map(one => [JSON.stringify(one), one])))
  const removed = findings.flatMap(({ fix: { remove = [] } }) => remove)
  const steps = [
    ...[...objects.values()].map(one => applying(state, read(one))),
    ...removed.map(ref => removing(state, ref))
  ]
  return steps.every(step => step !== undefined) ? steps : undefined
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

function pathsOfModels({ namespaces }: Evaluation): ReadonlyMap<string, readonly Path[]> {
  const classes = [...namespaces.values()].flatMap(({ evaluations }) => [...evaluations.values()])
  return new Map(classes.flatMap(({ members, paths = [] }) => members.map(one => [modelKey(one), paths] as const)))
}

/** True if a path of these callers is blocked at the hop of the finding. */
function isBlocked(paths: readonly Path[] = [], { caller, from, hop }: BlockedPathRef): boolean {
  const ofCaller = paths.filter(path => path.caller === caller)
  const named = new Set(ofCaller.flatMap(path => path.from ?? []))
  // A path without `from` is that of the namespaces that no other path names.
  const isSame = ({ from: own }: Path) =>
    from === undefined || from.some(one => (own === undefined ? !named.has(one) : own.includes(one)))
  return ofCaller.some(path => isSame(path) && failedHopOf(path)?.name === hop)
}
