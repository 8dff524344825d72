import type { Ref } from '../model/resource.ts'
import type { Change, Snapshot } from '../model/snapshot.ts'
import type { Rules } from '../rules/lib/rule.ts'
import { dedupeSkips, type Evaluation, evaluate, modelKey, skippedBy } from './evaluate.ts'
import { except, expiredSkips } from './exceptions.ts'
import { isExempt } from './exempt.ts'
import { type Finding, isUnevaluated, type Skip } from './finding.ts'
import { explainCuts, explainFound, type Policy } from './findings.ts'
import { allCuts, type Introduced, introduced } from './introduced.ts'
import { allFound } from './introduced-problems.ts'

export type Verdict = 'deny' | 'warn' | 'allow'

export interface Decision {
  readonly decision: Verdict
  readonly findings: readonly Finding[]
  /** Old trouble about the same object or its models: told, and of no weight. */
  readonly existing: readonly Finding[]
  readonly skipped: readonly Skip[]
}

const ALLOWED: Decision = { decision: 'allow', findings: [], existing: [], skipped: [] }

/** The decision about what is not judged: a word that says why, or, where it is none of our business, none. */
export function unevaluated(reason: string | undefined, policy: Pick<Policy, 'unevaluated'>): Decision {
  if (reason === undefined) return ALLOWED
  const skipped = [{ rule: 'object', missing: [], reason }]
  return { ...ALLOWED, decision: worst([], skipped, policy), skipped }
}

/** What was made of the last state, so that the next, which shares most of it, is judged but for the difference. */
export interface Memory {
  latest?: Evaluation
}

/** Would admission take this change? Only what it brings about counts. */
export function judge(state: Snapshot, change: Change, rules: Rules, policy: Policy, memory: Memory = {}): Decision {
  if (isExempt(change)) return ALLOWED
  const latest = evaluate(state, rules, memory.latest)
  memory.latest = latest
  const snapshot = state.before(change)
  const before = evaluate(snapshot, rules, latest)
  const after = evaluate(snapshot.apply(change), rules, before)
  return decide(introduced(before, after, change.after), after, change, rules, policy)
}

function decide(difference: Introduced, after: Evaluation, change: Change, rules: Rules, policy: Policy): Decision {
  const { snapshot } = after
  const { cuts, latent, found, widened, oldCuts, oldFound, heals } = difference
  const explained = explainCuts(cuts, snapshot, rules, policy)
  const later = explainCuts(latent, snapshot, rules, policy, true)
  const fresh = [
    ...explained.findings,
    ...later.findings,
    ...found.map(one => explainFound(one, snapshot, policy, heals && one.rule.severity === 'latent')),
    ...widened.map(one => explainFound(one, snapshot, policy, true))
  ].filter(isTold)
  const old = [
    ...explainCuts(oldCuts, snapshot, rules, policy).findings,
    ...oldFound.filter(one => isAbout(one.subject, change)).map(one => explainFound(one, snapshot, policy, false))
  ].filter(finding => isTold(finding) && concerns(finding, change))
  const { findings, skipped: excepted } = except(fresh, snapshot, policy.exceptions)
  const { findings: existing, skipped: oldExcepted } = except(old, snapshot, policy.exceptions)
  const skipped = dedupeSkips([
    ...skippedBy(after),
    ...explained.skipped,
    ...later.skipped,
    ...excepted,
    ...oldExcepted
  ])
  return { decision: worst(findings, skipped, policy), findings: findings.toSorted(bySeverity), existing, skipped }
}

/** Everything that is wrong with a state, whoever brought it about. */
export function judgeState(
  state: Snapshot,
  rules: Rules,
  policy: Policy,
  memory: Memory = {}
): Omit<Decision, 'existing'> {
  const evaluation = evaluate(state, rules, memory.latest)
  memory.latest = evaluation
  const explained = explainCuts(allCuts(evaluation), state, rules, policy)
  const found = allFound(evaluation).map(one => explainFound(one, state, policy, false))
  const active = [...explained.findings, ...found].filter(({ mode }) => mode !== 'off').sort(bySeverity)
  const { findings, skipped: excepted } = except(active, state, policy.exceptions)
  const expired = expiredSkips(policy.exceptions)
  const skipped = [...skippedBy(evaluation), ...explained.skipped, ...excepted, ...expired]
  return { decision: worst(findings, skipped, policy), findings, skipped }
}

/** The decision that findings and skips amount to. */
export function worst(
  findings: readonly Finding[],
  skipped: readonly Skip[],
  { unevaluated }: Pick<Policy, 'unevaluated'>
): Verdict {
  const modes = new Set<string>(findings.map(({ mode }) => mode))
  if (skipped.some(isUnevaluated)) modes.add(unevaluated)
  if (modes.has('deny')) return 'deny'
  return modes.has('warn') ? 'warn' : 'allow'
}

/** Admission says nothing of what is meant for audits. */
const isTold = ({ mode }: Finding) => mode === 'deny' || mode === 'warn'

function concerns({ object, cuts }: Finding, change: Change): boolean {
  const { kind, namespace, name } = change.after ?? change.before
  const isChanged = (model: string) => kind === 'InferenceService' && model === modelKey({ namespace, name })
  return (
    isAbout(object, change) ||
    cuts.some(({ inferenceService }) => inferenceService !== undefined && isChanged(inferenceService))
  )
}

function isAbout(object: Ref, { before, after }: Change): boolean {
  const changed = after ?? before
  return object.kind === changed.kind && object.name === changed.name && object.namespace === changed.namespace
}

const MODES = ['deny', 'warn', 'audit', 'off']

/** The worst first; equal ones in an order of their own, so that the answer never depends on that of the objects. */
function bySeverity(a: Finding, b: Finding): number {
  const key = ({ mode, rule, object, field }: Finding) =>
    `${MODES.indexOf(mode)} ${rule} ${object.kind} ${object.namespace}/${object.name} ${field}`
  return key(a) < key(b) ? -1 : 1
}
