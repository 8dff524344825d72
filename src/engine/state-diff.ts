import { isOpen, type Path, peersOf } from '../request/request-path.ts'
import type { Rules } from '../rules/lib/rule.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { type BlockedPath, type Comparison, comparisons, diffEvaluations } from './diff.ts'
import { type ExplainedFailure, explainFailure } from './explain.ts'
import { dedupe, evaluate, modelKey, skippedBy } from './incremental/evaluate.ts'
import type { Skip } from './incremental/skip.ts'

/** A path that is open in one state and blocked in the other, with the cause in the other. */
export interface PathDifference extends Pick<BlockedPath, 'path' | 'hop'> {
  /** `namespace/name`; empty if the path belongs to a control plane. */
  readonly models: readonly string[]
  readonly failure: ExplainedFailure
}

/** A path that is open in both states, on which the last server sees other peer identities. */
export interface IdentityDifference {
  readonly models: readonly string[]
  readonly path: Path
  /** Peer identities, `undefined` for an unauthenticated peer. */
  readonly before: readonly (string | undefined)[]
  readonly after: readonly (string | undefined)[]
}

export interface StateDiff {
  readonly closes: readonly PathDifference[]
  readonly opens: readonly PathDifference[]
  readonly identities: readonly IdentityDifference[]
  /** InferenceServices of the second state only. */
  readonly added: readonly string[]
  /** InferenceServices of the first state only. */
  readonly removed: readonly string[]
  readonly notEvaluated: readonly Skip[]
}

/** Differences between the request paths of two states, by the comparison that decides about changes. */
export function diffStates(first: Snapshot, second: Snapshot, rules: Rules): StateDiff {
  const before = evaluate(first, rules)
  const after = evaluate(second, rules, before)
  const explained = (state: Snapshot) => (one: BlockedPath) => ({
    path: one.path,
    hop: one.hop,
    models: one.models.map(modelKey),
    failure: explainFailure(one.hop.failure, state, rules)
  })
  const namesIn = (state: Snapshot) => new Set(state.list('InferenceService').map(modelKey))
  const [names, nextNames] = [namesIn(first), namesIn(second)]
  return {
    closes: diffEvaluations(before, after).blocked.map(explained(second)),
    opens: diffEvaluations(after, before).blocked.map(explained(first)),
    identities: [...comparisons(before, after)].flatMap(identityDifferences),
    added: [...nextNames.difference(names)],
    removed: [...names.difference(nextNames)],
    notEvaluated: dedupe([...skippedBy(before), ...skippedBy(after)])
  }
}

function identityDifferences({ models, previous, running }: Comparison): readonly IdentityDifference[] {
  return running.filter(isOpen).flatMap(path => {
    const then = previous.paths.find(one => isOpen(one) && isSame(one, path))
    if (then === undefined) return []
    const [before, after] = [peersOf(then), peersOf(path)]
    const isEqual = before.length === after.length && before.every(one => after.includes(one))
    return isEqual ? [] : [{ models: models.map(modelKey), path, before, after }]
  })
}

const KEYS = ['caller', 'entry', 'address', 'activatorMode', 'revision'] as const

/** True for one address, and for callers of any namespace or some of the same namespaces. */
const isSame = (one: Path, other: Path) =>
  KEYS.every(key => one[key] === other[key]) && !callersOf(one).isDisjointFrom(callersOf(other))

const callersOf = ({ from = [''] }: Path) => new Set<string>(from)
