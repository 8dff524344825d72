import type { AttributedProblem, FailureRule, Manifest } from '../rules/lib/rule.ts'
import type { BlockedPathRef } from './finding.ts'

export interface FindingGroup {
  readonly rule: FailureRule
  readonly problem: AttributedProblem
  readonly blocked: Map<string, BlockedGroup>
  /** True if a path justifies the rule's own mode; otherwise "deny" is lowered to "warn". */
  keepsMode: boolean
}

/** Paths of these models that are blocked at the same hop. `undefined` if the path belongs to a control plane. */
export interface BlockedGroup extends Omit<BlockedPathRef, 'inferenceService'> {
  /** True if a NetworkPolicy denies these callers, perhaps on purpose. */
  readonly isolatesFromCallers: boolean
  /** Objects of the fixes of these paths, by name: one fix may concern only one of several servers. */
  readonly apply: Map<string, Manifest>
  readonly models: Set<string | undefined>
}

/** Sorted, so that the result does not depend on the order of evaluation. */
export const byKey = ([a]: readonly [string, BlockedGroup], [b]: readonly [string, BlockedGroup]) => (a < b ? -1 : 1)

export function toBlockedPathRefs({ models, caller, from, hop }: BlockedGroup): readonly BlockedPathRef[] {
  return [...models].map(inferenceService => ({ inferenceService, caller, from, hop }))
}

export function addObjects(objects: Map<string, Manifest>, apply: Iterable<Manifest> = []): void {
  for (const one of apply) {
    const { kind, metadata } = one
    const key = `${kind} ${metadata.namespace}/${metadata.name}`
    const known = objects.get(key)
    if (known === undefined) objects.set(key, one)
    else if (kind === 'NetworkPolicy') objects.set(key, mergeRules(known, one))
  }
}

const specOf = ({ spec }: Manifest) => spec as Readonly<Record<string, unknown>>

/** The rules of both: each fix adds those for the connection that it is about. */
function mergeRules(one: Manifest, other: Manifest): Manifest {
  const spec = { ...specOf(one) }
  for (const direction of ['ingress', 'egress']) {
    const rules = [one, other].flatMap(manifest => specOf(manifest)[direction] ?? [])
    if (rules.length > 0) spec[direction] = [...new Map(rules.map(rule => [JSON.stringify(rule), rule])).values()]
  }
  return { ...one, spec }
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
  if (cause === 'network-policy-denied') return withoutChosenCallers(group, all)
  if (cause !== 'refused-by-policy' || group.hop !== 'caller->pod') return group
  const isSame = (one: BlockedGroup) =>
    one !== group && one.caller === group.caller && String(one.from) === String(group.from)
  return withoutModelsOf(group, [...all.values()].filter(isSame))
}

/** Callers are omitted for models that also a gateway, Knative or another known client cannot reach. */
function withoutChosenCallers(group: BlockedGroup, all: ReadonlyMap<string, BlockedGroup>): BlockedGroup {
  return group.isolatesFromCallers
    ? withoutModelsOf(
        group,
        [...all.values()].filter(one => !one.isolatesFromCallers)
      )
    : group
}

function withoutModelsOf(group: BlockedGroup, others: readonly BlockedGroup[]): BlockedGroup {
  const models = [...group.models].filter(model => !others.some(one => one.models.has(model)))
  return { ...group, models: new Set(models) }
}
