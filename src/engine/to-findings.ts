import type { Failure } from '../request/failure.ts'
import {
  type CheckRule,
  type FailureRule,
  type Manifest,
  type Mode,
  type Problem,
  type Rules,
  ruleFor
} from '../rules/lib/rule.ts'
import { getOrAdd } from '../state/map.ts'
import { namespaceOf, type Ref, type Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { type LabelSelector, selects } from '../text/selector.ts'
import { isolatesFromCallers } from './denied-callers.ts'
import type { BlockedPath } from './diff.ts'
import { type Exception, type Exceptions, exceptionsAt } from './exceptions.ts'
import { failureExplainer } from './failure-explainer.ts'
import { type BlockedPathRef, type Finding, type ModelExposure, SEVERITIES } from './finding.ts'
import {
  addObjects,
  type BlockedGroup,
  byKey,
  type FindingGroup,
  toBlockedPathRefs,
  withoutDeniedCallers
} from './finding-group.ts'
import { modelKey } from './incremental/evaluate.ts'
import type { CheckResult } from './incremental/run-checks.ts'
import type { Skip } from './incremental/skip.ts'
import { rulePage } from './rule-page.ts'

/** Configured handling of findings. */
export interface Policy {
  readonly rules: Readonly<Record<string, Mode | undefined>>
  /** Mode of rules that `rules` does not list, in place of their own. */
  readonly defaultMode?: Mode | undefined
  /** Modes for objects in namespaces that match a selector; a later entry takes precedence over an earlier one. */
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
  exceptions: { active: [], expired: [] }
}

/** Policy as configured; `policyAt` selects the exceptions that are active at a given time. */
export type WrittenPolicy = Omit<Policy, 'exceptions'> & { readonly exceptions: readonly Exception[] }

export function policyAt(written: WrittenPolicy, nowMs: number): Policy {
  const { rules, defaultMode, namespaces, unevaluated, exceptions } = written
  return { rules, defaultMode, namespaces, unevaluated, exceptions: exceptionsAt(exceptions, nowMs) }
}

/**
 * Converts blocked paths to findings: one for each rule, object and field, with all paths that it blocks.
 *
 * @param latent whether the paths still work and will be blocked after the next rollout
 * @param changed object of the change: of several policies that deny together, the cause
 */
export function toPathFindings(
  blocked: readonly BlockedPath[],
  snapshot: Snapshot,
  rules: Rules,
  policy: Policy,
  { latent = false, changed }: { readonly latent?: boolean; readonly changed?: Resource | undefined } = {}
): { readonly findings: readonly Finding[]; readonly skipped: readonly Skip[] } {
  const groups = new Map<string, FindingGroup>()
  const skipped = new Map<string, Skip>()
  const explain = failureExplainer(snapshot, rules, changed)
  // The first path of a group supplies the message of the finding.
  for (const { models, path, hop, partialDenial, hasExistingCause } of blocked.toSorted(
    (a, b) => priorityOf(a) - priorityOf(b)
  )) {
    const { name } = hop
    const failure = attributedTo(hop.failure, changed)
    const rule = ruleFor(rules, failure)
    const { value, skip } = explain(failure)
    if (skip !== undefined) {
      skipped.set(rule.id, { rule: rule.id, ...skip })
      continue
    }
    const { problem, symptom } = value
    const key = [rule.id, problem.object.kind, modelKey(problem.object), problem.field].join(' ')
    const group = groups.get(key) ?? { rule: { ...rule, symptom }, problem, blocked: new Map(), keepsMode: false }
    groups.set(key, group)
    const { caller, from, expected } = path
    if (expected && !partialDenial && !hasExistingCause && !latent) group.keepsMode = true
    const sameHop = getOrAdd(
      group.blocked,
      [caller, from, name].join(' '),
      (): BlockedGroup => ({
        caller,
        from,
        hop: name,
        isolatesFromCallers: isolatesFromCallers(hop),
        models: new Set(),
        apply: new Map()
      })
    )
    addObjects(sameHop.apply, problem.fix.apply)
    for (const model of models.length === 0 ? [undefined] : models.map(modelKey)) sameHop.models.add(model)
  }
  const findings = [...groups.values()].map(({ rule, problem: { fix, ...own }, blocked: paths, keepsMode }) => {
    const named = new Map([...paths].map(([key, one]) => [key, withoutDeniedCallers(rule, one, paths)]))
    const apply = new Map<string, Manifest>()
    for (const { models, apply: objects } of named.values()) if (models.size > 0) addObjects(apply, objects.values())
    const problem = { ...own, fix: { ...fix, ...(apply.size > 0 && { apply: [...apply.values()] }) } }
    const mode = modeFor(rule, problem.object, snapshot, policy, !keepsMode)
    return toFinding(
      { ...rule, category: latent ? 'latent-outage' : rule.category },
      problem.object,
      problem,
      mode,
      [...named].sort(byKey).flatMap(([, one]) => toBlockedPathRefs(one))
    )
  })
  return { findings, skipped: [...skipped.values()] }
}

/** No ALLOW policy allows the request: if the change is one of them, the others are bystanders. */
function attributedTo(failure: Failure, changed: Resource | undefined): Failure {
  if (!('verdict' in failure) || failure.verdict.is !== 'not-allowed') return failure
  const own = failure.verdict.by.find(one => one === changed)
  return own === undefined ? failure : { ...failure, verdict: { ...failure.verdict, by: [own] } }
}

/** Paths blocked for all callers come before denials of some, InferenceService URLs before predictor hosts. */
function priorityOf({ partialDenial, path, hop }: BlockedPath): number {
  const isForSome = partialDenial || isolatesFromCallers(hop)
  return 2 * Number(isForSome) + Number(path.entry === 'component')
}

/** Converts a check result to a finding. */
export function toCheckFinding(
  { rule, subject, problem }: CheckResult,
  snapshot: Snapshot,
  policy: Policy,
  lowered: boolean
): Finding {
  const { exposes: what } = problem
  const exposed = subject.kind === 'InferenceService' ? [modelKey(subject)] : (problem.models ?? [])
  const exposes = what === undefined ? [] : exposed.map(inferenceService => ({ inferenceService, what }))
  return toFinding(rule, subject, problem, modeFor(rule, subject, snapshot, policy, lowered), [], exposes)
}

function toFinding(
  { id, category, symptom }: Pick<FailureRule | CheckRule, 'id' | 'category' | 'symptom'>,
  object: Ref,
  { field, message, fix }: Problem,
  mode: Mode,
  blocked: readonly BlockedPathRef[],
  exposes: readonly ModelExposure[] = []
): Finding {
  return {
    rule: id,
    category,
    severity: SEVERITIES[category],
    mode,
    object,
    field,
    message,
    symptom,
    docs: rulePage(id),
    fix,
    blocked,
    exposes
  }
}

/** The configured mode is used unchanged; only a rule's own "deny" can be lowered to "warn". */
function modeFor(
  { id, mode }: FailureRule | CheckRule,
  object: Ref,
  snapshot: Snapshot,
  policy: Policy,
  lowered: boolean
): Mode {
  const labels = snapshot.get('Namespace', '', namespaceOf(object))?.labels ?? {}
  const local = policy.namespaces.findLast(
    ({ selector, rules }) => rules[id] !== undefined && selects(selector, labels)
  )
  const configured = local?.rules[id] ?? policy.rules[id] ?? policy.defaultMode
  if (configured !== undefined) return configured
  return lowered && mode === 'deny' ? 'warn' : mode
}
