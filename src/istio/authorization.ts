import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { any, type Tristate } from '../text/tristate.ts'
import type { AuthorizationPolicy, Rule } from './authorization-policy.ts'
import { hasIdentity, matchesRule } from './authorization-rule.ts'
import { findByIdentity, indexRules } from './identity-index.ts'
import type { RuleContext } from './identity-match.ts'
import { meshOf } from './mesh.ts'
import { attaches } from './policy-target.ts'
import type { Request } from './request.ts'

/** What policies make of a request. `by` are those that decided. */
export type Authorization =
  | { readonly is: 'allowed'; readonly by: readonly AuthorizationPolicy[] }
  /** A rule of a DENY policy matches. */
  | { readonly is: 'denied'; readonly by: AuthorizationPolicy; readonly rule: number }
  /** There are ALLOW policies, and none of their rules can match. */
  | { readonly is: 'not-allowed'; readonly by: readonly [AuthorizationPolicy, ...AuthorizationPolicy[]] }
  /** A CUSTOM policy asks a provider that the mesh does not have. */
  | { readonly is: 'provider-unknown'; readonly by: AuthorizationPolicy; readonly provider: string }
  /** The token is of an issuer that the proxy does not know. */
  | { readonly is: 'token-refused'; readonly by: ResourceOf<'RequestAuthentication'> }

export type AuthorizationKinds = 'AuthorizationPolicy' | 'ConfigMap'

const DRY_RUN = 'istio.io/dry-run'
/** What Go takes for true. */
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']

/**
 * The policies that count for a workload: of its own and the root namespace, those that select it and are enforced.
 * @see istio pilot/pkg/model/authorization.go (ListAuthorizationPolicies)
 */
export const policiesFor: (view: View<AuthorizationKinds>, workload: Workload) => readonly AuthorizationPolicy[] =
  memoizeInView((view, workload) => {
    const { rootNamespace } = meshOf(view)
    return [...new Set([rootNamespace, workload.namespace])]
      .flatMap(namespace => view.list('AuthorizationPolicy', namespace))
      .filter(policy => isEnforced(policy) && attaches(policy, workload))
  })

export function isEnforced({ annotations }: AuthorizationPolicy): boolean {
  return !TRUE.includes(annotations[DRY_RUN] ?? '')
}

/** Does it let callers in by who they are? That takes a certificate of the mesh, and a sidecar that looks at it. */
export function needsIdentity(policy: AuthorizationPolicy): boolean {
  return (
    actionOf(policy) === 'ALLOW' &&
    policy.spec.rules.some(
      rule =>
        rule !== null &&
        (rule.when.some(({ key }) => key.startsWith('source.') && key !== 'source.ip') ||
          rule.from.some(({ source }) => source !== undefined && hasIdentity(source)))
    )
  )
}

/** Does one of its rules look at tokens? */
export function requiresToken({ spec }: AuthorizationPolicy): boolean {
  return spec.rules.some(
    rule =>
      rule !== null &&
      (rule.when.some(({ key }) => key.startsWith('request.auth.')) ||
        rule.from.some(
          ({ source }) =>
            source !== undefined && source.requestPrincipals.length + source.notRequestPrincipals.length > 0
        ))
  )
}

/** Absent means ALLOW. */
export function actionOf({ spec }: AuthorizationPolicy): 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM' {
  return spec.action ?? 'ALLOW'
}

/**
 * First CUSTOM, then DENY, then ALLOW. What we cannot see of a request is taken in its favour: a rule that denies must
 * match for certain, one that allows only possibly.
 * @see istio pilot/pkg/security/authz/builder/builder.go (build)
 */
export function authorize(view: View<AuthorizationKinds>, workload: Workload, request: Request): Authorization {
  const policies = policiesFor(view, workload)
  if (policies.length === 0) return { is: 'allowed', by: [] }
  const { trustDomain, trustDomainAliases, authorizers } = meshOf(view)
  const trustDomains = [trustDomain, ...trustDomainAliases]
  const of = (action: ReturnType<typeof actionOf>) => policies.filter(policy => actionOf(policy) === action)
  for (const by of request.http ? of('CUSTOM') : []) {
    const provider = by.spec.provider?.name ?? ''
    const asks = matchesPolicy(by, request, trustDomains) === true
    if (asks && !authorizers.includes(provider)) return { is: 'provider-unknown', by, provider }
  }
  for (const by of of('DENY')) {
    const rule = matchingRule(by, request, trustDomains)
    if (rule >= 0) return { is: 'denied', by, rule }
  }
  const [first, ...others] = of('ALLOW')
  if (first === undefined) return { is: 'allowed', by: [] }
  const by = [first, ...others].filter(policy => matchesPolicy(policy, request, trustDomains) !== false)
  return by.length > 0 ? { is: 'allowed', by } : { is: 'not-allowed', by: [first, ...others] }
}

/** A policy without rules matches nothing. */
function matchesPolicy(policy: AuthorizationPolicy, request: Request, trustDomains: readonly string[]): Tristate {
  const answer = answerer(policy, request, trustDomains)
  return any(candidateRules(policy, request).map(rules => any(each(rules, answer))))
}

/** One by one, for most need not be asked once a rule has matched. */
function* each(rules: readonly number[], answer: (rule: number) => Tristate): Iterable<Tristate> {
  for (const rule of rules) yield answer(rule)
}

/** The index of the first rule that matches for certain; -1 if none does. */
function matchingRule(policy: AuthorizationPolicy, request: Request, trustDomains: readonly string[]): number {
  const answer = answerer(policy, request, trustDomains)
  const found = candidateRules(policy, request).flatMap(rules => rules.filter(rule => answer(rule) === true))
  return found.length === 0 ? -1 : Math.min(...found)
}

/** The numbers of rules, in two lists. Rules that are bound to another namespace than the caller's are left out. */
function candidateRules(policy: AuthorizationPolicy, { identity }: Request): readonly (readonly number[])[] {
  const index = indexRules(policy)
  return [findByIdentity(index, identity), index.open]
}

function answerer(policy: AuthorizationPolicy, request: Request, trustDomains: readonly string[]) {
  const context: RuleContext = { namespace: policy.namespace, trustDomains }
  const allows = actionOf(policy) === 'ALLOW'
  return (index: number): Tristate => {
    // The index leaves out rules that are null.
    return matchesRule(policy.spec.rules[index] as Rule, request, context, allows)
  }
}
