import { inBlocks } from './ip-blocks.ts'
import { matches, matchesAnywhere, matchesPath } from './pattern.ts'
import type { Request, Token } from './request.ts'
import type { ResourceOf } from './resource.ts'
import { all, any, not, type Tristate } from './tristate.ts'

export type AuthorizationPolicy = ResourceOf<'AuthorizationPolicy'>
export type Rule = NonNullable<AuthorizationPolicy['spec']['rules'][number]>
type Source = NonNullable<Rule['from'][number]['source']>
type Operation = NonNullable<Rule['to'][number]['operation']>

/** What a rule's words are read with. */
export interface RuleContext {
  /** Of the policy: a service account without a namespace is one of its own. */
  readonly namespace: string
  /** The mesh's own, its aliases after it. */
  readonly trustDomains: readonly string[]
}

/** One field of a rule: which values it wants, which it doesn't, and whether a value fits the request. */
interface Field {
  readonly values: readonly string[]
  readonly notValues: readonly string[]
  /** Of HTTP alone: on another port there is nothing to look at. */
  readonly http: boolean
  readonly fits: (value: string) => Tristate
}

/**
 * Does a rule match? One of `from`, one of `to`, and all of `when`. On a port that is not HTTP a field of HTTP makes
 * a rule that allows disappear, and is left out of one that denies.
 * @see istio pilot/pkg/security/authz/model/model.go (New, Generate), generator.go
 */
export function matchesRule(rule: Rule, request: Request, context: RuleContext, allows: boolean): Tristate {
  const when = rule.when.map(({ key, ...values }) => toField(key, values, request, context))
  // A condition that Istio does not know makes it skip the rule, whatever the action.
  if (when.includes(undefined)) return false
  const conditions = when.filter(isSaid)
  const from = rule.from.map(({ source }) => (source ? sourceFields(source, request, context) : []).filter(isSaid))
  const to = rule.to.map(({ operation }) => (operation ? operationFields(operation, request) : []).filter(isSaid))
  const isOfHttp = (group: readonly Field[]) => group.some(({ http }) => http)
  if (allows && !request.http && [...from, ...to, conditions].some(isOfHttp)) return false
  const matchesAll = (group: readonly Field[]) => all(group.map(field => matchesField(field, request.http)))
  return all([
    from.length === 0 ? true : any(from.map(matchesAll)),
    to.length === 0 ? true : any(to.map(matchesAll)),
    matchesAll(conditions)
  ])
}

/** Most fields want nothing, and nothing need be asked for them. */
const isSaid = (field: Field | undefined): field is Field =>
  field !== undefined && field.values.length + field.notValues.length > 0

function matchesField({ values, notValues, http, fits }: Field, isHttp: boolean): Tristate {
  if (http && !isHttp) return true
  return all([
    values.length === 0 ? true : any(values.map(fits)),
    notValues.length === 0 ? true : not(any(notValues.map(fits)))
  ])
}

function sourceFields(source: Source, request: Request, context: RuleContext): readonly (Field | undefined)[] {
  const { principals, notPrincipals, requestPrincipals, notRequestPrincipals, namespaces, notNamespaces } = source
  const { serviceAccounts, notServiceAccounts, trustDomains, notTrustDomains } = source
  const { ipBlocks, notIpBlocks, remoteIpBlocks, notRemoteIpBlocks } = source
  const field = (key: string, values: readonly string[], notValues: readonly string[]) =>
    toField(key, { values, notValues }, request, context)
  return [
    field('source.principal', principals, notPrincipals),
    field('request.auth.principal', requestPrincipals, notRequestPrincipals),
    field('source.namespace', namespaces, notNamespaces),
    field('source.serviceAccount', serviceAccounts, notServiceAccounts),
    field('source.trustDomain', trustDomains, notTrustDomains),
    field('source.ip', ipBlocks, notIpBlocks),
    field('remote.ip', remoteIpBlocks, notRemoteIpBlocks)
  ]
}

/** Does a source ask for more than addresses and tokens? */
export function hasIdentity({ principals, namespaces, serviceAccounts, trustDomains }: Source): boolean {
  return [principals, namespaces, serviceAccounts, trustDomains].some(values => values.length > 0)
}

function operationFields(operation: Operation, { host, path, method, to }: Request): readonly Field[] {
  const { hosts, notHosts, methods, notMethods, paths, notPaths, ports, notPorts } = operation
  return [
    { values: hosts, notValues: notHosts, http: true, fits: value => matches(value.toLowerCase(), host.toLowerCase()) },
    { values: methods, notValues: notMethods, http: true, fits: value => matches(value, method) },
    {
      values: paths,
      notValues: notPaths,
      http: true,
      fits: value => fitsPath(value, path)
    },
    { values: ports, notValues: notPorts, http: false, fits: value => Number(value) === to.port }
  ]
}

/** What Knative asks pods for itself: no model answers inference there. */
const KNATIVES_OWN = ['/healthz', '/metrics', '/ready', '/wait-for-drain']

function fitsPath(pattern: string, path: string | undefined): Tristate {
  if (path !== undefined) return matchesPath(pattern, path)
  return KNATIVES_OWN.includes(pattern) ? false : undefined
}

type Values = Pick<Field, 'values' | 'notValues'>

/** The field that a condition's key means; absent for a key that Istio does not know. */
function toField(key: string, { values, notValues }: Values, request: Request, context: RuleContext) {
  const make = (http: boolean, fits: Field['fits']): Field => ({ values, notValues, http, fits })
  const { identity, from, to, sni, token } = request
  if (key === 'source.principal') return make(false, value => isPrincipal(value, identity, context))
  if (key === 'source.namespace') return make(false, value => isFrom(`*/ns/${value}/*`, identity))
  if (key === 'source.serviceAccount') return make(false, value => isAccount(value, identity, context))
  if (key === 'source.trustDomain') return make(false, value => isOfDomain(value, identity, context))
  if (key === 'source.ip') return make(false, inBlocks([values, notValues], from))
  if (key === 'remote.ip') return make(false, () => undefined)
  if (key === 'destination.ip') return make(false, inBlocks([values, notValues], to.address))
  if (key === 'destination.port') return make(false, value => Number(value) === to.port)
  if (key === 'connection.sni') return make(false, value => sni !== undefined && matches(value, sni))
  if (key === 'request.auth.principal') return make(true, value => isRequestPrincipal(value, token))
  if (key === 'request.auth.claims[iss]') return make(true, value => isIssuer(value, token))
  // What a token claims beyond its issuer is for its holder to choose.
  if (key.startsWith('request.auth.')) return make(true, () => (token === undefined ? false : undefined))
  const header = /^request\.headers\[(.+)\]$/.exec(key)?.[1]?.toLowerCase()
  if (header !== undefined) return make(true, value => hasHeader(request, header, value))
  return key.startsWith('experimental.envoy.filters.') ? make(false, () => undefined) : undefined
}

function hasHeader({ headers, headersComplete }: Request, name: string, pattern: string): Tristate {
  const value = headers[name]
  return value === undefined ? (headersComplete ? false : undefined) : matches(pattern, value)
}

/** Without a certificate of the mesh there is no identity that could fit. */
function isFrom(pattern: string, identity: string | undefined): boolean {
  return identity !== undefined && matchesAnywhere(pattern, identity)
}

const SCHEME = 'spiffe://'
/** Means the mesh's own trust domain, whatever it is called. */
const ANY_TRUST_DOMAIN = 'cluster.local'
/** `<trust domain>/ns/<namespace>/sa/<service account>` */
const PARTS_OF_IDENTITY = 5

/** @see istio pilot/pkg/security/trustdomain/bundle.go (ReplaceTrustDomainAliases) */
function isPrincipal(value: string, identity: string | undefined, { trustDomains }: RuleContext): boolean {
  if (identity === undefined) return false
  const [domain = '', ...rest] = value.split('/')
  const isOurs = trustDomains.some(one => matches(domain, one)) || domain === ANY_TRUST_DOMAIN
  // Each of our domains takes the place of the one that is written, unless that is a suffix of it.
  const isSuffixOf = (one: string) => domain.startsWith('*') && matches(domain, one)
  const expands = rest.length === PARTS_OF_IDENTITY - 1 && domain !== '*' && isOurs
  const meant = expands ? trustDomains.map(one => [isSuffixOf(one) ? domain : one, ...rest].join('/')) : [value]
  return meant.some(one => matches(one.startsWith('*') ? one : SCHEME + one, identity))
}

function isAccount(value: string, identity: string | undefined, { namespace }: RuleContext): boolean {
  const [first = '', second] = value.split('/')
  const [ns, account] = second === undefined ? [namespace, first] : [first, second]
  return isFrom(`${SCHEME}*/ns/${ns}/sa/${account}`, identity)
}

function isOfDomain(value: string, identity: string | undefined, { trustDomains }: RuleContext): boolean {
  const meant = trustDomains.includes(value) ? trustDomains : [value]
  return identity !== undefined && meant.some(one => matches(one, domainOf(identity)))
}

const domainOf = (identity: string) => identity.slice(SCHEME.length).replace(/\/.*/, '')

/**
 * `issuer/subject`, of which we know the issuer alone.
 * @see istio pilot/pkg/security/authz/model/generator.go (requestPrincipalGenerator)
 */
function isRequestPrincipal(value: string, token: Token | undefined): Tristate {
  if (token === undefined) return false
  const end = value.lastIndexOf('/')
  if (value === '*') return true
  if (end < 0) return value.startsWith('*') ? undefined : isIssuer(value, token)
  return all([isIssuer(value.slice(0, end), token), value.endsWith('/*') ? true : undefined])
}

function isIssuer(value: string, token: Token | undefined): Tristate {
  if (token === undefined) return false
  return token.issuer === undefined ? undefined : matches(value, token.issuer)
}
