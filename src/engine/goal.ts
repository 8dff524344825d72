import type { Manifest } from '../rules/lib/rule.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { AMBIENT_MODES, ambientGoal, serverRestarts } from './ambient-goal.ts'
import type { PlanContext, WantedChange } from './plan.ts'
import { strictMtlsGoal } from './strict-mtls-goal.ts'
import type { Policy } from './to-findings.ts'
import { type Unconfirmed, unconfirmedInAmbient } from './unconfirmed.ts'

export const GOALS = ['strict-mtls', 'ambient'] as const

/** Changes without manifests, and how they are planned. */
export interface Goal extends Pick<PlanContext, 'remedies'> {
  readonly changes: readonly WantedChange[]
  /** Modes of rules that the configuration does not set. */
  readonly modes: Policy['rules']
  readonly unconfirmed: readonly Unconfirmed[]
}

/**
 * The changes of a goal.
 *
 * @param namespaces empty for the whole mesh, which only `strict-mtls` can be for
 * @param toChange reads a manifest
 */
export function goalFor(
  name: (typeof GOALS)[number] | undefined,
  state: Snapshot,
  namespaces: readonly string[],
  toChange: (manifest: Manifest) => WantedChange
): Goal {
  if (name === 'ambient') {
    const changes = ambientGoal(state, namespaces, toChange)
    return {
      changes,
      modes: AMBIENT_MODES,
      remedies: serverRestarts,
      unconfirmed: unconfirmedInAmbient(state, namespaces)
    }
  }
  const strict = name === undefined ? [] : namespaces.length === 0 ? [undefined] : namespaces
  return { changes: strict.map(one => toChange(strictMtlsGoal(state, one))), modes: {}, unconfirmed: [] }
}

/** The policy with modes of a goal, unless the configuration has its own for the rules, or for all. */
export function withGoalModes(policy: Policy, modes: Goal['modes']): Policy {
  return policy.defaultMode === undefined ? { ...policy, rules: { ...modes, ...policy.rules } } : policy
}
