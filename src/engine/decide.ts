import type { Rules } from '../rules/lib/rule.ts'
import { apiNameOf, type Ref } from '../state/resource.ts'
import type { Change, Snapshot } from '../state/snapshot.ts'
import { annotationFilter } from '../subject/annotations.ts'
import { allBlocked, allLatent } from './all-blocked.ts'
import { applyChange } from './apply-change.ts'
import { diffEvaluations, type EvaluationDiff } from './diff.ts'
import { applyExceptions, expiredExceptions, type Suppression } from './exceptions.ts'
import { isExempt, isUnchanged } from './exempt.ts'
import type { Finding } from './finding.ts'
import { dedupe, type Evaluation, evaluate, modelKey, skippedBy } from './incremental/evaluate.ts'
import type { Skip } from './incremental/skip.ts'
import { createsPods } from './new-pods.ts'
import { compareWithTwin } from './plain-twin.ts'
import { allFound } from './problem-diff.ts'
import { type Policy, toCheckFinding, toPathFindings } from './to-findings.ts'
import { ANSWERS, allUnknown, toSkips } from './unevaluated.ts'

export type AdmissionDecision = 'deny' | 'warn' | 'allow'

export interface Decision {
  readonly decision: AdmissionDecision
  readonly findings: readonly Finding[]
  /** Findings that existed before, about the same object or its models. They do not influence the decision. */
  readonly existing: readonly Finding[]
  readonly notEvaluated: readonly Skip[]
  readonly suppressed: readonly Suppression[]
}

const ALLOWED: Decision = { decision: 'allow', findings: [], existing: [], notEvaluated: [], suppressed: [] }

/** Decision about an object that is not evaluated, with the reason; allowed without a reason if it is out of scope. */
export function unevaluated(reason: string | undefined, policy: Pick<Policy, 'unevaluated'>): Decision {
  if (reason === undefined) return ALLOWED
  const notEvaluated = [{ rule: 'object', missing: [], reason }]
  return { ...ALLOWED, decision: mostSevere([], notEvaluated, policy), notEvaluated }
}

/** Cache of the last evaluation, for incremental re-evaluation. */
export interface EvaluationCache {
  latest?: Evaluation
}

/** Admission decision about a change. Only findings that the change introduces influence it. */
export function decide(
  state: Snapshot,
  change: Change,
  rules: Rules,
  policy: Policy,
  cache: EvaluationCache = {}
): Decision {
  return evaluateChange(state, change, rules, policy, cache).decision
}

/** Admission decision about a change, with the evaluation of the state after it if the decision needs one. */
export function evaluateChange(
  state: Snapshot,
  change: Change,
  rules: Rules,
  policy: Policy,
  cache: EvaluationCache
): { readonly decision: Decision; readonly after?: Evaluation } {
  if (isExempt(change)) return { decision: ALLOWED }
  const updated = change.operation === 'CREATE' || createsPods(state, change) ? change.after : undefined
  if (updated === undefined && isUnchanged(change, annotationFilter(state))) return { decision: ALLOWED }
  const latest = evaluate(state, rules, cache.latest)
  cache.latest = latest
  const snapshot = state.before(change)
  const before = evaluate(snapshot, rules, latest)
  const after = evaluate(applyChange(snapshot, change), rules, before)
  const difference = diffEvaluations(before, after, updated)
  const blocked =
    change.operation === 'CREATE' ? compareWithTwin(snapshot, change.after, difference.blocked) : difference.blocked
  return { decision: toDecision({ ...difference, blocked }, after, change, rules, policy), after }
}

function toDecision(
  difference: EvaluationDiff,
  after: Evaluation,
  change: Change,
  rules: Rules,
  policy: Policy
): Decision {
  const { snapshot } = after
  const { blocked, latent, found, expandedScope, preexistingBlocked, preexistingFound, unknown, fixesExisting } =
    difference
  const explained = toPathFindings(blocked, snapshot, rules, policy, { changed: change.after })
  const later = toPathFindings(latent, snapshot, rules, policy, { latent: true, changed: change.after })
  const fresh = [
    ...explained.findings,
    ...later.findings,
    ...found.map(one => toCheckFinding(one, snapshot, policy, fixesExisting && one.rule.category === 'latent-outage')),
    ...expandedScope.map(one => toCheckFinding(one, snapshot, policy, true))
  ].filter(isReported)
  const old = [
    ...toPathFindings(preexistingBlocked, snapshot, rules, policy).findings,
    ...preexistingFound
      .filter(one => concernsChange(one.subject, change))
      .map(one => toCheckFinding(one, snapshot, policy, false))
  ].filter(finding => isReported(finding) && isRelatedTo(finding, change))
  const introduced = applyExceptions(fresh, snapshot, policy.exceptions)
  const preexisting = applyExceptions(old, snapshot, policy.exceptions)
  const notEvaluated = dedupe([...skippedBy(after), ...explained.skipped, ...later.skipped, ...toSkips(unknown)])
  return {
    decision: mostSevere(introduced.findings, notEvaluated, policy),
    findings: introduced.findings.toSorted(bySeverity),
    existing: preexisting.findings,
    notEvaluated,
    suppressed: dedupe([...introduced.suppressed, ...preexisting.suppressed])
  }
}

/** All findings in a state, regardless of the change that introduced them. */
export function decideState(
  state: Snapshot,
  rules: Rules,
  policy: Policy,
  cache: EvaluationCache = {}
): Omit<Decision, 'existing'> {
  const evaluation = evaluate(state, rules, cache.latest)
  cache.latest = evaluation
  const explained = toPathFindings(allBlocked(evaluation), state, rules, policy)
  const later = toPathFindings(allLatent(evaluation), state, rules, policy, { latent: true })
  const found = allFound(evaluation).map(one => toCheckFinding(one, state, policy, false))
  const active = [...explained.findings, ...later.findings, ...found]
    .filter(({ mode }) => mode !== 'off')
    .sort(bySeverity)
  const { findings, suppressed } = applyExceptions(active, state, policy.exceptions)
  const notEvaluated = dedupe([
    ...skippedBy(evaluation),
    ...explained.skipped,
    ...later.skipped,
    ...toSkips(allUnknown(evaluation))
  ])
  return {
    decision: mostSevere(findings, notEvaluated, policy),
    findings,
    notEvaluated,
    suppressed: [...suppressed, ...expiredExceptions(policy.exceptions)]
  }
}

/** Strictest decision that a finding or a skipped evaluation requires. */
export function mostSevere(
  findings: readonly Finding[],
  notEvaluated: readonly Skip[],
  { unevaluated }: Pick<Policy, 'unevaluated'>
): AdmissionDecision {
  const modes = new Set<string>(findings.map(({ mode }) => mode))
  const deciding = unevaluated === 'deny' ? notEvaluated : notEvaluated.filter(({ rule }) => rule !== ANSWERS)
  if (deciding.length > 0) modes.add(unevaluated)
  if (modes.has('deny')) return 'deny'
  return modes.has('warn') ? 'warn' : 'allow'
}

/** Admission reports no findings of mode `audit` or `off`. */
const isReported = ({ mode }: Finding) => mode === 'deny' || mode === 'warn'

function isRelatedTo({ object, blocked }: Finding, change: Change): boolean {
  const { kind, namespace, name } = change.after ?? change.before
  const isChanged = (model: string) => kind === 'InferenceService' && model === modelKey({ namespace, name })
  return (
    concernsChange(object, change) ||
    blocked.some(({ inferenceService }) => inferenceService !== undefined && isChanged(inferenceService))
  )
}

function concernsChange(object: Ref, { before, after }: Change): boolean {
  const changed = after ?? before
  return (
    object.kind === apiNameOf(changed.kind) && object.name === changed.name && object.namespace === changed.namespace
  )
}

const MODES = ['deny', 'warn', 'audit', 'off']

/** Most severe first, then by rule and object, so that the result does not depend on the order of objects. */
function bySeverity(a: Finding, b: Finding): number {
  const key = ({ mode, rule, object, field }: Finding) =>
    `${MODES.indexOf(mode)} ${rule} ${object.kind} ${object.namespace}/${object.name} ${field}`
  return key(a) < key(b) ? -1 : 1
}
