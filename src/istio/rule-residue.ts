import { memoize } from '../state/memoize.ts'
import type { AuthorizationPolicy, Operation, Rule, Source } from './authorization-policy.ts'
import { httpOutcomes, isHeaderKey } from './authorization-rule.ts'
import {
  findByIdentity,
  type IdentityField,
  identityConditions,
  identityFields,
  indexRules,
  indexValues
} from './identity-index.ts'
import { isIdentityKey, matchesIdentity, type RuleContext } from './identity-match.ts'
import type { Call } from './request.ts'

/** What is known of a call before it is sent: its path and method, and the hosts it may be sent to. */
export interface KnownCall extends Pick<Call, 'path' | 'method'> {
  readonly hosts: readonly string[]
}

/**
 * What a policy still asks of a call once the caller's identity is known: it treats two callers with equal texts alike,
 * whatever else they send. Rules that do not match on identities are left out.
 */
export function residueOf(
  policy: AuthorizationPolicy,
  identity: string,
  trustDomains: readonly string[],
  call: KnownCall
): string {
  const context = { namespace: policy.namespace, trustDomains }
  const residues: string[] = []
  const { rules } = policy.spec
  for (const i of [...findByIdentity(indexRules(policy), identity), ...sensitiveRules(policy)]) {
    const rule = rules[i] as Rule
    const kept = keptSources(rule, identity, context)
    if (kept !== undefined) residues.push(ruleResidue(rule, kept, call))
  }
  return residues.sort().join()
}

/** The rules that can match identities of any namespace, and match on them all the same. */
const sensitiveRules = memoize((policy: AuthorizationPolicy) =>
  indexRules(policy).open.filter(i => {
    const rule = policy.spec.rules[i] as Rule
    return (
      identityConditions(rule).length > 0 ||
      rule.from.some(({ source }) => source !== undefined && identityFields(source).length > 0)
    )
  })
)

/** The sources of a rule that match an identity, by number; `undefined` if the rule cannot match it. */
function keptSources(rule: Rule, identity: string, context: RuleContext): readonly number[] | undefined {
  const admits = (field: IdentityField) => admitsIdentity(field, identity, context)
  if (!identityConditions(rule).every(admits)) return undefined
  const kept = rule.from.flatMap(({ source }, i) =>
    source === undefined || identityFields(source).every(admits) ? i : []
  )
  return rule.from.length > 0 && kept.length === 0 ? undefined : kept
}

function ruleResidue(rule: Rule, kept: readonly number[], call: KnownCall): string {
  const { isForTokens, when, sources } = withoutIdentity(rule)
  const operations = rule.to.map(({ operation }) => operationText(operation, call))
  return [isForTokens, when, ...new Set(operations.sort()), '', ...new Set(kept.map(i => sources[i]).sort())].join()
}

/** Hosts, methods and paths are known, and what an operation makes of them is all that counts. */
function operationText(operation: Operation | undefined, { hosts, path, method }: KnownCall): string {
  if (operation === undefined) return ''
  const { ports, notPorts } = operation
  const outcomes = hosts.map(host => httpOutcomes(operation, { host, path, method }))
  return JSON.stringify([outcomes, ports, notPorts])
}

function admitsIdentity({ key, values, notValues }: IdentityField, identity: string, context: RuleContext): boolean {
  const isIn = (all: readonly string[]) => {
    const index = indexValues(key, all, context.namespace)
    const isMatch = (value: string) => matchesIdentity(key, value, identity, context)
    return findByIdentity(index, identity).some(isMatch) || index.open.some(isMatch)
  }
  return (values.length === 0 || isIn(values)) && (notValues.length === 0 || !isIn(notValues))
}

/** The texts do not name the identities that a rule matches. */
const withoutIdentity = memoize(({ from, when }: Rule) => ({
  // A source that wants a token makes a rule one for HTTP, even if another source matches.
  isForTokens: from.some(({ source }) => wantsToken(source)),
  when: JSON.stringify([...new Set(when.flatMap(conditionText))].sort()),
  sources: from.map(({ source }) => (source === undefined ? '' : JSON.stringify({ ...source, ...NO_IDENTITY })))
}))

/** Which headers a caller sends is unknown, so that what a condition wants of them is all the same. */
function conditionText({ key, values, notValues }: Rule['when'][number]): readonly string[] {
  if (isIdentityKey(key)) return []
  const isHeader = isHeaderKey(key) && values.length + notValues.length > 0
  return [isHeader ? 'request.headers' : JSON.stringify([key, values, notValues])]
}

const NO_IDENTITY = {
  principals: [],
  notPrincipals: [],
  namespaces: [],
  notNamespaces: [],
  serviceAccounts: [],
  notServiceAccounts: []
}

function wantsToken(source: Source | undefined): boolean {
  return source !== undefined && source.requestPrincipals.length + source.notRequestPrincipals.length > 0
}
