import type { AttributedProblem, FailureRule, Manifest } from '../rules/lib/rule.ts'
import { getOrAdd } from '../state/map.ts'
import type { BlockedPathRef } from './finding.ts'

export interface FindingGroup {
  readonly rule: FailureRule
  readonly problem: AttributedProblem
  /** Objects of the fixes of all paths, by name: one fix may concern only one of several servers. */
  readonly apply: Map<string, Manifest>
  readonly blocked: Map<string, BlockedGroup>
  /** True if a path justifies the rule's own mode; otherwise "deny" is lowered to "warn". */
  keepsMode: boolean
}

/** Paths of these models that are blocked at the same hop. `undefined` if the path belongs to a control plane. */
export interface BlockedGroup extends Omit<BlockedPathRef, 'inferenceService'> {
  readonly models: Set<string | undefined>
}

/** Sorted, so that the result does not depend on the order of evaluation. */
export const byKey = ([a]: readonly [string, BlockedGroup], [b]: readonly [string, BlockedGroup]) => (a < b ? -1 : 1)

export function toBlockedPathRefs({ models, ...failure }: BlockedGroup): readonly BlockedPathRef[] {
  return [...models].map(inferenceService => ({ inferenceService, ...failure }))
}

export function addObjects(objects: Map<string, Manifest>, apply: readonly Manifest[] = []): void {
  for (const one of apply) {
    const { kind, metadata } = one
    getOrAdd(objects, `${kind} ${metadata.namespace}/${metadata.name}`, () => one)
  }
}

/**
 * A policy that denies callers of the predictor host may be intentional: these paths are omitted for models whose
 * InferenceService URL is blocked for the same callers by the same policy.
 */
export function withoutDeniedCallers(
  { cause }: FailureRule,
  group: BlockedGroup,
  all: ReadonlyMap<string, BlockedGroup>
): BlockedGroup {
  if (cause !== 'refused-by-policy' || group.hop !== 'caller->pod') return group
  const isSame = (one: BlockedGroup) =>
    one !== group && one.caller === group.caller && String(one.from) === String(group.from)
  const others = [...all.values()].filter(isSame)
  return {
    ...group,
    models: new Set([...group.models].filter(model => !others.some(({ models }) => models.has(model))))
  }
}
