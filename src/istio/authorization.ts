import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { parseGoBool } from '../text/go-bool.ts'
import { any, type Tristate } from '../text/tristate.ts'
import type { AuthorizationPolicy, Rule } from './authorization-policy.ts'
import { hasIdentity, matchesRule, unmodeledKeys } from './authorization-rule.ts'
import { findByIdentity, indexRules } from './identity-index.ts'
import type { RuleContext } from './identity-match.ts'
import { meshOf } from './mesh.ts'
import { attaches, policyNamespaces } from './policy-target.ts'
import type { Request } from './request.ts'

/** Result of the AuthorizationPolicies for a request. `by` are the policies that decide. */
export type Authorization =
  | { readonly is: 'allowed'; readonly by: readonly AuthorizationPolicy[] }
  /** A rule of a DENY policy matches; `rule` is its index. */
  | { readonly is: 'denied'; readonly by: AuthorizationPolicy; readonly rule: number }
  /** ALLOW policies exist, and none of their rules can match. */
  | { readonly is: 'not-allowed'; readonly by: readonly [AuthorizationPolicy, ...AuthorizationPolicy[]] }
  /** A CUSTOM policy names a provider that the mesh configuration does not define. */
  | { readonly is: 'provider-unknown'; readonly by: AuthorizationPolicy; readonly provider: string }
  /** The proxy does not trust the issuer of the JWT. */
  | { readonly is: 'token-refused'; readonly by: ResourceOf<'RequestAuthentication'> }

export type AuthorizationKinds = 'AuthorizationPolicy' | 'ConfigMap'

const DRY_RUN = 'istio.io/dry-run'

/**
 * Enforced policies that apply to a workload.
 * @see istio 1.31 pilot/pkg/model/authorization.go (ListAuthorizationPolicies)
 */
export const policiesFor: (view: View<AuthorizationKinds>, workload: Workload) => readonly AuthorizationPolicy[] =
  memoizeInView((view, workload) => {
    const { rootNamespace } = meshOf(view, workload)
    return policyNamespaces(workload, rootNamespace)
      .flatMap(namespace => view.list('AuthorizationPolicy', namespace))
      .filter(policy => isEnforced(policy) && attaches(policy, workload, rootNamespace))
  })

export function isEnforced({ annotations }: AuthorizationPolicy): boolean {
  return parseGoBool(annotations[DRY_RUN] ?? '') !== true
}

/** True if an ALLOW policy matches on the peer identity, which requires mTLS to a sidecar. */
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

/** True if a rule of the policy matches on a JWT. */
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

/** Action of a policy; Istio's default is ALLOW. */
export function actionOf({ spec }: AuthorizationPolicy): 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM' {
  return spec.action ?? 'ALLOW'
}

/**
 * Evaluates CUSTOM, then DENY, then ALLOW policies. Unknown properties are resolved in favor of the request: a DENY rule
 * must match for certain, an ALLOW rule only possibly.
 * @see istio 1.31 pilot/pkg/security/authz/builder/builder.go (build)
 */
export function authorize(view: View<AuthorizationKinds>, workload: Workload, request: Request): Authorization {
  const policies = policiesFor(view, workload)
  if (policies.length === 0) return { is: 'allowed', by: [] }
  const { trustDomain, trustDomainAliases, authorizers } = meshOf(view, workload)
  const trustDomains = [trustDomain, ...trustDomainAliases]
  const of = (action: ReturnType<typeof actionOf>) => policies.filter(policy => actionOf(policy) === action)
  for (const by of request.http ? of('CUSTOM') : []) {
    const provider = by.spec.provider?.name ?? ''
    const matches = matchesPolicy(by, request, trustDomains) === true
    if (matches && !authorizers.includes(provider)) return { is: 'provider-unknown', by, provider }
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

/** CUSTOM policies whose provider can decide the request. The answer of a provider is not modeled: it allows. */
export function askedProviders(
  view: View<AuthorizationKinds>,
  workload: Workload,
  request: Request
): readonly AuthorizationPolicy[] {
  if (!request.http) return []
  const { trustDomain, trustDomainAliases } = meshOf(view, workload)
  return policiesFor(view, workload).filter(
    policy =>
      actionOf(policy) === 'CUSTOM' && matchesPolicy(policy, request, [trustDomain, ...trustDomainAliases]) !== false
  )
}

/**
 * DENY policies that can deny an allowed request, or ALLOW policies of which none may allow it, by conditions that are not
 * evaluated.
 */
export function undecidedPolicies(
  view: View<AuthorizationKinds>,
  workload: Workload,
  request: Request
): readonly AuthorizationPolicy[] {
  const policies = unmodeledPolicies(view, workload)
  if (policies.length === 0) return []
  const { trustDomain, trustDomainAliases } = meshOf(view, workload)
  const trustDomains = [trustDomain, ...trustDomainAliases]
  const isUndecided = (one: AuthorizationPolicy) => matchesPolicy(one, request, trustDomains) === undefined
  const isAllowed = policiesFor(view, workload).some(
    one => actionOf(one) === 'ALLOW' && matchesPolicy(one, request, trustDomains) === true
  )
  return policies.filter(one => {
    const action = actionOf(one)
    return (action === 'DENY' || (action === 'ALLOW' && !isAllowed)) && isUndecided(one)
  })
}

const unmodeledPolicies: typeof policiesFor = memoizeInView((view, workload) =>
  policiesFor(view, workload).filter(hasUnmodeledKeys)
)

const hasUnmodeledKeys = memoize(({ spec }: AuthorizationPolicy) =>
  spec.rules.some(rule => rule !== null && unmodeledKeys(rule).length > 0)
)

/** Whether a rule of the policy matches, whatever its action. A policy without rules matches nothing. */
export function matchesPolicy(
  policy: AuthorizationPolicy,
  request: Request,
  trustDomains: readonly string[]
): Tristate {
  const matches = ruleMatcher(policy, request, trustDomains)
  return any(candidateRules(policy, request).map(rules => any(matchEach(rules, matches))))
}

/** Evaluates lazily: rules after the first match are not evaluated. */
function* matchEach(rules: readonly number[], matches: (rule: number) => Tristate): Iterable<Tristate> {
  for (const rule of rules) yield matches(rule)
}

/** Index of the first rule that matches for certain; -1 if none does. */
function matchingRule(policy: AuthorizationPolicy, request: Request, trustDomains: readonly string[]): number {
  const matches = ruleMatcher(policy, request, trustDomains)
  const found = candidateRules(policy, request).flatMap(rules => rules.filter(rule => matches(rule) === true))
  return found.length === 0 ? -1 : Math.min(...found)
}

/** Indexes of rules that can match the caller's namespace, in two lists. */
function candidateRules(policy: AuthorizationPolicy, { identity }: Request): readonly (readonly number[])[] {
  const index = indexRules(policy)
  return [findByIdentity(index, identity), index.anyNamespace]
}

function ruleMatcher(policy: AuthorizationPolicy, request: Request, trustDomains: readonly string[]) {
  const context: RuleContext = { namespace: policy.namespace, trustDomains }
  const allows = actionOf(policy) === 'ALLOW'
  return (index: number): Tristate => {
    // The index contains no null rules.
    return matchesRule(policy.spec.rules[index] as Rule, request, context, allows)
  }
}
