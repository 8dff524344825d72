import type { Ref } from '../model/resource.ts'
import { type LabelSelector, selects } from '../model/selector.ts'
import { getOrAdd } from '../model/shelf.ts'
import type { Snapshot } from '../model/snapshot.ts'
import {
  type AttributedProblem,
  type CheckRule,
  type FailureRule,
  type Mode,
  type Problem,
  type Rules,
  ruleFor
} from '../rules/lib/rule.ts'
import { track } from './dependency-tracking.ts'
import { modelKey } from './evaluate.ts'
import { type Exception, type Exceptions, exceptionsAt } from './exceptions.ts'
import type { Finding, ModelOpening, PathCut, Skip } from './finding.ts'
import type { CutPath } from './introduced.ts'
import type { CheckResult } from './run-checks.ts'

/** What the administrator wants done about findings. */
export interface Policy {
  readonly rules: Readonly<Record<string, Mode | undefined>>
  /** Other modes for objects in the namespaces that a selector picks; a later entry counts before an earlier one. */
  readonly namespaces: readonly {
    readonly selector: LabelSelector
    readonly rules: Readonly<Record<string, Mode | undefined>>
  }[]
  readonly unevaluated: 'warn' | 'deny'
  readonly exceptions: Exceptions
}

export const DEFAULT_POLICY: Policy = {
  rules: {},
  namespaces: [],
  unevaluated: 'warn',
  exceptions: { inForce: [], expired: [] }
}

/** A policy as it is written down, whose exceptions hold or not, depending on when one asks. */
export type WrittenPolicy = Omit<Policy, 'exceptions'> & { readonly exceptions: readonly Exception[] }

export function policyAt({ rules, namespaces, unevaluated, exceptions }: WrittenPolicy, nowMs: number): Policy {
  return { rules, namespaces, unevaluated, exceptions: exceptionsAt(exceptions, nowMs) }
}

interface Group {
  readonly rule: FailureRule
  readonly blame: AttributedProblem
  readonly cuts: Map<string, Cuts>
  /** Is one of them more than a warning is due for? */
  weighty: boolean
}

/** Paths that are cut alike, of these models; of none in particular where there is but `undefined`. */
interface Cuts extends Omit<PathCut, 'inferenceService'> {
  readonly models: Set<string | undefined>
}

/** The order in which cuts were met says nothing. */
const byKey = ([a]: readonly [string, Cuts], [b]: readonly [string, Cuts]) => (a < b ? -1 : 1)

function toPathCuts({ models, ...cut }: Cuts): readonly PathCut[] {
  return [...models].map(inferenceService => ({ inferenceService, ...cut }))
}

/**
 * Makes findings of cut paths: one for each rule, object and field, with all paths that it cuts.
 *
 * @param latent whether nothing is cut yet
 */
export function explainCuts(
  cuts: readonly CutPath[],
  snapshot: Snapshot,
  rules: Rules,
  policy: Policy,
  latent = false
): { readonly findings: readonly Finding[]; readonly skipped: readonly Skip[] } {
  const groups = new Map<string, Group>()
  const skipped = new Map<string, Skip>()
  // What weighs most speaks for all that one object does.
  for (const { models, path, hop, partial } of cuts.toSorted((a, b) => weightOf(a) - weightOf(b))) {
    const { name, cut } = hop
    const rule = ruleFor(rules, cut)
    const { value: blame, skip } = track(snapshot, view => rule.explain(cut, view))
    if (skip !== undefined) {
      skipped.set(rule.id, { rule: rule.id, ...skip })
      continue
    }
    const key = [rule.id, blame.object.kind, modelKey(blame.object), blame.field].join(' ')
    const group = groups.get(key) ?? { rule, blame, cuts: new Map(), weighty: false }
    groups.set(key, group)
    const { caller, from, needed } = path
    if (needed && !partial && !latent) group.weighty = true
    const cuts = getOrAdd(
      group.cuts,
      [caller, from, name].join(' '),
      (): Cuts => ({ caller, from, hop: name, models: new Set() })
    )
    for (const model of models.length === 0 ? [undefined] : models.map(modelKey)) cuts.models.add(model)
  }
  const findings = [...groups.values()].map(({ rule, blame, cuts: paths, weighty }) => {
    const mode = modeFor(rule, blame.object, snapshot, policy, !weighty)
    const severity = latent ? 'latent' : rule.severity
    return toFinding(
      { ...rule, severity },
      blame.object,
      blame,
      mode,
      [...paths].sort(byKey).flatMap(([, own]) => toPathCuts(own))
    )
  })
  return { findings, skipped: [...skipped.values()] }
}

/** Everybody's way counts before that of some, and the model's own address before its component's. */
function weightOf({ partial, path }: CutPath): number {
  return 2 * Number(partial) + Number(path.entry === 'component')
}

/** Makes a finding of a check's problem. */
export function explainFound(
  { rule, subject, problem }: CheckResult,
  snapshot: Snapshot,
  policy: Policy,
  lowered: boolean
): Finding {
  const { opens: what } = problem
  const opened = subject.kind === 'InferenceService' ? [modelKey(subject)] : (problem.models ?? [])
  const opens = what === undefined ? [] : opened.map(inferenceService => ({ inferenceService, what }))
  return toFinding(rule, subject, problem, modeFor(rule, subject, snapshot, policy, lowered), [], opens)
}

function toFinding(
  { id, severity }: Pick<FailureRule | CheckRule, 'id' | 'severity'>,
  object: Ref,
  { field, message, fix }: Problem,
  mode: Mode,
  cuts: readonly PathCut[],
  opens: readonly ModelOpening[] = []
): Finding {
  return { rule: id, severity, mode, object, field, message, docs: `mesh-guard rules ${id}`, fix, cuts, opens }
}

/** What the configuration says is taken as it is; a rule's own "deny" may be lowered by the circumstances. */
function modeFor(
  { id, mode }: FailureRule | CheckRule,
  { namespace }: Ref,
  snapshot: Snapshot,
  policy: Policy,
  lowered: boolean
): Mode {
  const labels = snapshot.get('Namespace', '', namespace)?.labels ?? {}
  const local = policy.namespaces.findLast(
    ({ selector, rules }) => rules[id] !== undefined && selects(selector, labels)
  )
  const configured = local?.rules[id] ?? policy.rules[id]
  if (configured !== undefined) return configured
  return lowered && mode === 'deny' ? 'warn' : mode
}
