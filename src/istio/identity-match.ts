import { matches, matchesAnywhere } from '../text/pattern.ts'

/** The fields of a source that match on the namespace of a caller's identity, as `when` calls them. */
const IDENTITY_KEYS = ['source.principal', 'source.namespace', 'source.serviceAccount'] as const
export type IdentityKey = (typeof IDENTITY_KEYS)[number]

export const isIdentityKey = (key: string): key is IdentityKey => IDENTITY_KEYS.some(one => one === key)

/** What the values of a rule are read with. */
export interface RuleContext {
  /** The namespace of the policy, which a service account without namespace belongs to. */
  readonly namespace: string
  /** The mesh's own trust domain, and its aliases after it. */
  readonly trustDomains: readonly string[]
}

/** Does a value match the caller's identity? Without a workload certificate (`undefined`) no value does. */
export function matchesIdentity(
  key: IdentityKey,
  value: string,
  identity: string | undefined,
  context: RuleContext
): boolean {
  if (identity === undefined) return false
  if (key === 'source.principal') return isPrincipal(value, identity, context)
  if (key === 'source.namespace') return matchesAnywhere(`*/ns/${value}/*`, identity)
  return isAccount(value, identity, context)
}

const SCHEME = 'spiffe://'
/** Means the mesh's own trust domain, whatever it is called. */
const ANY_TRUST_DOMAIN = 'cluster.local'
/** `<trust domain>/ns/<namespace>/sa/<service account>` */
const PARTS_OF_IDENTITY = 5

/** @see istio pilot/pkg/security/trustdomain/bundle.go (ReplaceTrustDomainAliases) */
function isPrincipal(value: string, identity: string, { trustDomains }: RuleContext): boolean {
  const [domain = '', ...rest] = value.split('/')
  const isOurs = trustDomains.some(one => matches(domain, one)) || domain === ANY_TRUST_DOMAIN
  // Each of our domains takes the place of the one that is written, unless that is a suffix of it.
  const isSuffixOf = (one: string) => domain.startsWith('*') && matches(domain, one)
  const expands = rest.length === PARTS_OF_IDENTITY - 1 && domain !== '*' && isOurs
  const meant = expands ? trustDomains.map(one => [isSuffixOf(one) ? domain : one, ...rest].join('/')) : [value]
  return meant.some(one => matches(one.startsWith('*') ? one : SCHEME + one, identity))
}

/** @see istio pilot/pkg/security/authz/model/generator.go (serviceAccountRegex): no part of it is a pattern. */
function isAccount(value: string, identity: string, { namespace }: RuleContext): boolean {
  const [first = '', second] = value.split('/')
  const [ns, account] = second === undefined ? [namespace, first] : [first, second]
  return identity.endsWith(`/ns/${ns}/sa/${account}`)
}

/** Does a value of `trustDomains` match? Each name of the mesh's own trust domain stands for all of them. */
export function isOfDomain(value: string, identity: string | undefined, { trustDomains }: RuleContext): boolean {
  const meant = trustDomains.includes(value) ? trustDomains : [value]
  return identity !== undefined && meant.some(one => matches(one, domainOf(identity)))
}

const domainOf = (identity: string) => identity.slice(SCHEME.length, identity.indexOf('/', SCHEME.length))
