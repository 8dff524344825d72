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

/** Properties of a call that are known in advance, with every host that it can be sent to. */
export interface KnownCall extends Pick<Call, 'path' | 'method'> {
  readonly hosts: readonly string[]
}

/**
 * Rest of a policy after partial evaluation for an identity: two callers with equal texts get equal results, whatever
 * else they send. Rules that do not match on identities are omitted.
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

/** Rules that match on identities but can match any namespace. */
const sensitiveRules = memoize((policy: AuthorizationPolicy) =>
  indexRules(policy).anyNamespace.filter(i => {
    const rule = policy.spec.rules[i] as Rule
    return (
      identityConditions(rule).length > 0 ||
      rule.from.some(({ source }) => source !== undefined && identityFields(source).length > 0)
    )
  })
)

/** Indexes of the sources of a rule that match an identity; `undefined` if the rule cannot match it. */
function keptSources(rule: Rule, identity: string, context: RuleContext): readonly number[] | undefined {
  const isMatch = (field: IdentityField) => matchesField(field, identity, context)
  if (!identityConditions(rule).every(isMatch)) return undefined
  const kept = rule.from.flatMap(({ source }, i) =>
    source === undefined || identityFields(source).every(isMatch) ? i : []
  )
  return rule.from.length > 0 && kept.length === 0 ? undefined : kept
}

function ruleResidue(rule: Rule, kept: readonly number[], call: KnownCall): string {
  const { requiresHttp, when, sources } = withoutIdentity(rule)
  const operations = rule.to.map(({ operation }) => operationText(operation, call))
  return [requiresHttp, when, ...new Set(operations.sort()), '', ...new Set(kept.map(i => sources[i]).sort())].join()
}

/** Match results of an operation for the known hosts, method and path, with the ports that it matches on. */
function operationText(operation: Operation | undefined, { hosts, path, method }: KnownCall): string {
  if (operation === undefined) return ''
  const { ports, notPorts } = operation
  const outcomes = hosts.map(host => httpOutcomes(operation, { host, path, method }))
  return JSON.stringify([outcomes, ports, notPorts])
}

function matchesField({ key, values, notValues }: IdentityField, identity: string, context: RuleContext): boolean {
  const isIn = (all: readonly string[]) => {
    const index = indexValues(key, all, context.namespace)
    const isMatch = (value: string) => matchesIdentity(key, value, identity, context)
    return findByIdentity(index, identity).some(isMatch) || index.anyNamespace.some(isMatch)
  }
  return (values.length === 0 || isIn(values)) && (notValues.length === 0 || !isIn(notValues))
}

/** Texts of a rule without the identities that it matches on. */
const withoutIdentity = memoize(({ from, when }: Rule) => ({
  // One source that matches on a JWT makes the whole rule HTTP only, even if another source matches.
  requiresHttp: from.some(({ source }) => matchesOnToken(source)),
  when: JSON.stringify([...new Set(when.flatMap(conditionText))].sort()),
  sources: from.map(({ source }) => (source === undefined ? '' : JSON.stringify({ ...source, ...NO_IDENTITY })))
}))

/** Text of a condition. Headers of callers are unknown, so all conditions on headers have the same text. */
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

function matchesOnToken(source: Source | undefined): boolean {
  return source !== undefined && source.requestPrincipals.length + source.notRequestPrincipals.length > 0
}
