import type { Manifest } from '../rules/lib/rule.ts'
import type { Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { AMBIENT_MODES, ambientGoal, serverRestarts } from './ambient-goal.ts'
import type { PlanContext } from './plan.ts'
import { strictMtlsGoal } from './strict-mtls-goal.ts'
import type { Policy } from './to-findings.ts'
import { type Unconfirmed, unconfirmedInAmbient } from './unconfirmed.ts'
import type { WantedChange } from './wanted-change.ts'

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
      unconfirmed: unconfirmedInAmbient(withChanges(state, changes), namespaces)
    }
  }
  const strict = name === undefined ? [] : namespaces.length === 0 ? [undefined] : namespaces
  return { changes: strict.map(one => toChange(strictMtlsGoal(state, one))), modes: {}, unconfirmed: [] }
}

/** The state after all changes but restarts. */
function withChanges(state: Snapshot, changes: readonly WantedChange[]): Snapshot {
  return changes.reduce((before, { restarts, resource: after }) => {
    if (restarts !== undefined) return before
    const known: Resource | undefined = before.get(after.kind, after.namespace, after.name)
    return before.apply(
      known === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before: known, after }
    )
  }, state)
}

/** The policy with modes of a goal, unless the configuration has its own for the rules, or for all. */
export function withGoalModes(policy: Policy, modes: Goal['modes']): Policy {
  return policy.defaultMode === undefined ? { ...policy, rules: { ...modes, ...policy.rules } } : policy
}
