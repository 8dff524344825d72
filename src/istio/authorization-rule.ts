import { memoize } from '../state/memoize.ts'
import { all, any, type Tristate } from '../text/tristate.ts'
import type { Operation, Rule, Source } from './authorization-policy.ts'
import { findByIdentity, indexValues } from './identity-index.ts'
import { type IdentityKey, isIdentityKey, isOfDomain, matchesIdentity, type RuleContext } from './identity-match.ts'
import type { Request, Token } from './request.ts'
import { addressField, type Field, isSpecified, matchesField, pathField, textField, type Values } from './rule-field.ts'
import { isTokenKey, matchesToken, type TokenKey } from './token-match.ts'

/**
 * Matches one of `from`, one of `to` and all of `when`. If the port is not HTTP, Istio drops an ALLOW rule with an HTTP
 * field, but ignores only the field in a DENY rule.
 * @see istio 1.31 pilot/pkg/security/authz/model/model.go (New, Generate), generator.go
 */
export function matchesRule(rule: Rule, request: Request, context: RuleContext, allows: boolean): Tristate {
  const { ofHeaders, others } = splitConditions(rule.when)
  const when = others.map(({ key, ...values }) => toField(key, values, request, context))
  // Istio skips a rule with an unknown condition, whatever the action.
  if (when.includes(undefined)) return false
  const conditions = when.filter(isSpecified)
  const from = rule.from.map(({ source }) => (source ? sourceFields(source, request, context) : []).filter(isSpecified))
  const to = rule.to.map(({ operation }) => (operation ? operationFields(operation, request) : []).filter(isSpecified))
  const isOfHttp = (group: readonly Field[]) => group.some(({ http }) => http)
  const isHttpOnly = ofHeaders.length > 0 || [...from, ...to, conditions].some(isOfHttp)
  if (allows && !request.http && isHttpOnly) return false
  const matchesAll = (group: readonly Field[]) => all(group.map(field => matchesField(field, request.http)))
  return all([
    from.length === 0 ? true : any(from.map(matchesAll)),
    to.length === 0 ? true : any(to.map(matchesAll)),
    matchesAll(conditions),
    matchesHeaders(ofHeaders, request)
  ])
}

interface HeaderCondition extends Values {
  readonly name: string
}

/** Conditions on headers apart from others: there can be thousands, on headers that no request has. */
const splitConditions = memoize((when: Rule['when']) => {
  const ofHeaders = when.flatMap(({ key, values, notValues }): readonly HeaderCondition[] => {
    if (!isHeaderKey(key) || values.length + notValues.length === 0) return []
    return [{ name: key.slice(HEADERS.length, -1).toLowerCase(), values, notValues }]
  })
  return { ofHeaders, others: when.filter(({ key }) => !isHeaderKey(key)) }
})

function matchesHeaders(conditions: readonly HeaderCondition[], request: Request): Tristate {
  if (!request.http) return true
  let result: Tristate = true
  for (const { name, values, notValues } of conditions) {
    const header = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined
    if (header === undefined && !request.headersComplete) {
      result = undefined
      continue
    }
    const matched = matchesField(textField({ values, notValues }, header, true), true)
    if (matched === false) return false
  }
  return result
}

function sourceFields(source: Source, request: Request, context: RuleContext): readonly (Field | undefined)[] {
  const { principals, notPrincipals, requestPrincipals, notRequestPrincipals, namespaces, notNamespaces } = source
  const { serviceAccounts, notServiceAccounts, trustDomains, notTrustDomains } = source
  const { ipBlocks, notIpBlocks, remoteIpBlocks, notRemoteIpBlocks } = source
  // Most fields of most sources are empty.
  const field = (key: string, values: readonly string[], notValues: readonly string[]) =>
    values.length + notValues.length === 0 ? undefined : toField(key, { values, notValues }, request, context)
  return [
    field('source.principal', principals, notPrincipals),
    field('request.auth.principal', requestPrincipals, notRequestPrincipals),
    field('source.namespace', namespaces, notNamespaces),
    field('source.serviceAccount', serviceAccounts, notServiceAccounts),
    field('source.trustDomain', trustDomains, notTrustDomains),
    field('source.ip', ipBlocks, notIpBlocks),
    field(REMOTE_IP, remoteIpBlocks, notRemoteIpBlocks)
  ]
}

/** True if a source matches on the peer identity, not only on addresses and JWTs. */
export function hasIdentity({ principals, namespaces, serviceAccounts, trustDomains }: Source): boolean {
  return [principals, namespaces, serviceAccounts, trustDomains].some(values => values.length > 0)
}

function operationFields(
  operation: Operation,
  { host, path, method, to }: Pick<Request, 'host' | 'path' | 'method' | 'to'>
): readonly Field[] {
  const { hosts, notHosts, methods, notMethods, paths, notPaths, ports, notPorts } = operation
  return [
    textField({ values: lowerCased(hosts), notValues: lowerCased(notHosts) }, host.toLowerCase(), true),
    textField({ values: methods, notValues: notMethods }, method, true),
    pathField({ values: paths, notValues: notPaths }, path),
    { values: ports, notValues: notPorts, http: false, isMatch: value => Number(value) === to.port }
  ]
}

const lowerCased = memoize((texts: readonly string[]) => texts.map(text => text.toLowerCase()))

/**
 * Comma-separated match results of the HTTP fields of an operation (host, method, path), empty for a field that it does
 * not set.
 */
export function httpOutcomes(operation: Operation, call: Pick<Request, 'host' | 'path' | 'method'>): string {
  const to = { address: undefined, port: 0 }
  const fields = operationFields(operation, { ...call, to }).filter(({ http }) => http)
  return fields.map(field => (isSpecified(field) ? String(matchesField(field, true)) : '')).join()
}

/** Field of a condition; absent for a key that Istio does not define. */
function toField(key: string, { values, notValues }: Values, request: Request, context: RuleContext) {
  const make = (http: boolean, isMatch: Field['isMatch']): Field => ({ values, notValues, http, isMatch })
  const { identity, from, to, sni, token } = request
  if (isIdentityKey(key)) return identityField(key, { values, notValues }, identity, context)
  if (key === 'source.trustDomain') return make(false, value => isOfDomain(value, identity, context))
  if (key === 'source.ip') return addressField({ values, notValues }, from)
  if (isUnmodeled(key)) return make(false, () => undefined)
  if (key === 'destination.ip') return addressField({ values, notValues }, to.address)
  if (key === 'destination.port') return make(false, value => Number(value) === to.port)
  if (key === 'connection.sni') return textField({ values, notValues }, sni, false)
  if (isTokenKey(key)) return make(true, value => matchesToken(key, value, token))
  // Only the issuer of a JWT is modeled; its other claims are unknown.
  if (OTHER_CLAIMS.test(key)) return make(true, () => (token === undefined ? false : undefined))
  return undefined
}

/** Condition on what no object tells: the address before all proxies, which the mesh must trust, and metadata of filters. */
const isUnmodeled = (key: string) => key === REMOTE_IP || key.startsWith(OF_FILTERS)
const REMOTE_IP = 'remote.ip'
const OF_FILTERS = 'experimental.envoy.filters.'

/** Keys of a rule's conditions that are not evaluated, those of filters by their common beginning. */
export function unmodeledKeys({ from, when }: Rule): readonly string[] {
  const isOfRemote = from.some(
    ({ source }) => source && source.remoteIpBlocks.length + source.notRemoteIpBlocks.length > 0
  )
  const keys = when.map(({ key }) => key)
  return [
    ...(isOfRemote || keys.includes(REMOTE_IP) ? [REMOTE_IP] : []),
    ...(keys.some(key => key.startsWith(OF_FILTERS)) ? [`${OF_FILTERS}*`] : [])
  ]
}

const OTHER_CLAIMS = /^request\.auth\.(?:audiences$|presenter$|claims)/

/** Comma-separated match results of the fields of a rule that match on the issuer of a JWT. */
export function tokenOutcomes({ from, when }: Rule, token: Token): string {
  const outcome = (key: TokenKey, values: readonly string[], notValues: readonly string[]) =>
    matchesField({ values, notValues, http: true, isMatch: value => matchesToken(key, value, token) }, true)
  const outcomes = [
    ...from.map(
      ({ source }) => source && outcome('request.auth.principal', source.requestPrincipals, source.notRequestPrincipals)
    ),
    ...when.flatMap(({ key, values, notValues }) => (isTokenKey(key) ? [outcome(key, values, notValues)] : []))
  ]
  return outcomes.map(String).join()
}

function identityField(key: IdentityKey, values: Values, identity: string | undefined, context: RuleContext): Field {
  const isMatch = (value: string) => matchesIdentity(key, value, identity, context)
  const candidates = (all: readonly string[]) => {
    const index = indexValues(key, all, context.namespace)
    return [...findByIdentity(index, identity), ...index.anyNamespace]
  }
  return { ...values, http: false, isMatch, candidates }
}

const HEADERS = 'request.headers['

/** True if a condition matches on a header, whose name is in brackets. */
export function isHeaderKey(key: string): boolean {
  return key.startsWith(HEADERS) && key.endsWith(']') && key.length > HEADERS.length + 1
}
