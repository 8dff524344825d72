import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { AuthorizationPolicy, Rule } from './authorization-policy.ts'
import { tokenOutcomes } from './authorization-rule.ts'
import type { RequestAuthentication } from './request-authentication.ts'
import { isTokenKey } from './token-match.ts'

/**
 * Representative JWT issuers, one for each class that the policies of a path distinguish. Issuers of one class are
 * trusted by the same workloads, and match the same rules of every policy.
 */
export function issuerClasses(
  requestAuthentications: readonly RequestAuthentication[],
  policies: readonly AuthorizationPolicy[]
): readonly string[] {
  const trusted = new Map<string, string[]>()
  const targets = new Map<string, number>()
  for (const { namespace, spec } of requestAuthentications) {
    const { jwtRules, ...target } = spec
    const at = getOrAdd(targets, JSON.stringify([namespace, target]), () => targets.size)
    for (const { issuer = '', forwardOriginalToken = false } of jwtRules) {
      getOrAdd(trusted, issuer, (): string[] => []).push(`${at} ${forwardOriginalToken}`)
    }
  }
  const classes = new Map<string, string>()
  for (const [issuer, by] of trusted) {
    const outcomes = policies.map(policy => outcomesOf(policy, issuer))
    getOrAdd(classes, JSON.stringify([by, outcomes]), () => issuer)
  }
  return [...classes.values()]
}

/** Match results of the rules that name an issuer or can match it by pattern. */
function outcomesOf(policy: AuthorizationPolicy, issuer: string): readonly string[] {
  const { named, patterns } = indexIssuers(policy)
  const rules = [...(named.get(issuer) ?? []), ...patterns]
  return rules.map(rule => `${withoutTokens(rule)} ${tokenOutcomes(rule, { issuer })}`).sort()
}

interface IssuerIndex {
  readonly named: ReadonlyMap<string, ReadonlySet<Rule>>
  readonly patterns: readonly Rule[]
}

const indexIssuers = memoize(({ spec }: AuthorizationPolicy): IssuerIndex => {
  const named = new Map<string, Set<Rule>>()
  const patterns: Rule[] = []
  for (const rule of spec.rules) {
    const issuers = rule === null ? [] : issuersIn(rule)
    if (rule === null) continue
    if (issuers.some(issuer => issuer.startsWith('*') || issuer.endsWith('*'))) patterns.push(rule)
    else for (const issuer of issuers) getOrAdd(named, issuer, (): Set<Rule> => new Set()).add(rule)
  }
  return { named, patterns }
})

/** Issuers and issuer patterns in a rule. A request principal is `issuer/subject`; the value `*` matches any. */
function issuersIn({ from, when }: Rule): readonly string[] {
  const sources = from.flatMap(({ source }) =>
    source === undefined ? [] : [...source.requestPrincipals, ...source.notRequestPrincipals]
  )
  const conditions = (key: string) =>
    when.filter(one => one.key === key).flatMap(({ values, notValues }) => [...values, ...notValues])
  const principals = [...sources, ...conditions('request.auth.principal')].filter(value => value !== '*')
  const issuers = principals.map(value => (value.includes('/') ? value.slice(0, value.lastIndexOf('/')) : value))
  return [...issuers, ...conditions('request.auth.claims[iss]')]
}

const withoutTokens = memoize(({ from, to, when }: Rule) =>
  JSON.stringify([
    from.map(({ source }) => source && { ...source, requestPrincipals: [], notRequestPrincipals: [] }),
    to,
    when.filter(({ key }) => !isTokenKey(key))
  ])
)
