import { matches, matchesAnywhere } from '../text/pattern.ts'

/** Source fields that match on the namespace of the peer identity, by their condition keys. */
const IDENTITY_KEYS = ['source.principal', 'source.namespace', 'source.serviceAccount'] as const
export type IdentityKey = (typeof IDENTITY_KEYS)[number]

export const isIdentityKey = (key: string): key is IdentityKey => IDENTITY_KEYS.some(one => one === key)

/** Context that the values of a rule depend on. */
export interface RuleContext {
  /** Namespace of the policy, the default for service accounts. */
  readonly namespace: string
  /** Trust domain of the mesh, followed by its aliases. */
  readonly trustDomains: readonly string[]
}

/** True if a value matches the peer identity. No value matches a client without workload certificate (`undefined`). */
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
/** Istio treats this value as the trust domain of the mesh, whatever its name. */
const DEFAULT_TRUST_DOMAIN = 'cluster.local'
/** Segments of `<trust domain>/ns/<namespace>/sa/<service account>`. */
const PRINCIPAL_SEGMENTS = 5

/** @see istio 1.31 pilot/pkg/security/trustdomain/bundle.go (ReplaceTrustDomainAliases) */
function isPrincipal(value: string, identity: string, { trustDomains }: RuleContext): boolean {
  const [domain = '', ...rest] = value.split('/')
  const isOwnDomain = trustDomains.some(one => matches(domain, one)) || domain === DEFAULT_TRUST_DOMAIN
  // Istio replaces the trust domain by each name of the mesh's own, unless it is a suffix pattern of that name.
  const isSuffixOf = (one: string) => domain.startsWith('*') && matches(domain, one)
  const isExpanded = rest.length === PRINCIPAL_SEGMENTS - 1 && domain !== '*' && isOwnDomain
  const principals = isExpanded ? trustDomains.map(one => [isSuffixOf(one) ? domain : one, ...rest].join('/')) : [value]
  return principals.some(one => matches(one.startsWith('*') ? one : SCHEME + one, identity))
}

/** @see istio 1.31 pilot/pkg/security/authz/model/generator.go (serviceAccountRegex): patterns are not supported. */
function isAccount(value: string, identity: string, { namespace }: RuleContext): boolean {
  const [first = '', second] = value.split('/')
  const [ns, account] = second === undefined ? [namespace, first] : [first, second]
  return identity.endsWith(`/ns/${ns}/sa/${account}`)
}

/** True if a value of `trustDomains` matches. Each name of the mesh's own trust domain matches all its names. */
export function isOfDomain(value: string, identity: string | undefined, { trustDomains }: RuleContext): boolean {
  const domains = trustDomains.includes(value) ? trustDomains : [value]
  return identity !== undefined && domains.some(one => matches(one, domainOf(identity)))
}

const domainOf = (identity: string) => identity.slice(SCHEME.length, identity.indexOf('/', SCHEME.length))
