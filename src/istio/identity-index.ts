import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { AuthorizationPolicy, Rule, Source } from './authorization-policy.ts'
import { type IdentityKey, isIdentityKey } from './identity-match.ts'

/**
 * Entries by the identities that they can match. A key is `=` and a namespace, `=` and `namespace/account`, `^` and a
 * namespace prefix, or `$` and a suffix. A lookup can return entries that do not match, but omits none that do.
 */
export interface IdentityIndex<T> {
  readonly byKey: ReadonlyMap<string, readonly T[]>
  readonly prefixLengths: readonly number[]
  readonly suffixLengths: readonly number[]
  /** Entries that can match identities of any namespace. */
  readonly anyNamespace: readonly T[]
}

function makeIndex<T>(entries: Iterable<readonly [T, readonly string[] | undefined]>): IdentityIndex<T> {
  const byKey = new Map<string, T[]>()
  const anyNamespace: T[] = []
  for (const [entry, keys] of entries) {
    if (keys === undefined) anyNamespace.push(entry)
    else
      for (const key of keys) {
        const same = byKey.get(key)
        // Most keys have one entry, and a list that grows reserves memory for many.
        if (same === undefined) byKey.set(key, [entry])
        else same.push(entry)
      }
  }
  const lengths = (sign: string) => [
    ...new Set([...byKey.keys()].filter(key => key.startsWith(sign)).map(key => key.length - 1))
  ]
  return { byKey, anyNamespace, prefixLengths: lengths('^'), suffixLengths: lengths('$') }
}

const NONE: readonly never[] = []

/**
 * Entries that can match an identity (`spiffe://<trust domain>/ns/<namespace>/sa/<service account>`, `undefined` for
 * plaintext), each once and without those of `anyNamespace`.
 */
export function findByIdentity<T>(index: IdentityIndex<T>, identity: string | undefined): readonly T[] {
  const { byKey, prefixLengths, suffixLengths } = index
  if (byKey.size === 0) return NONE
  const [namespace, , account] = identity?.split('/').slice(IDENTITY_NAMESPACE) ?? NONE
  if (namespace === undefined) return NONE
  const exact = byKey.get(`=${namespace}`)
  const ofAccount = byKey.get(`=${namespace}/${account}`)
  if (prefixLengths.length + suffixLengths.length === 0 && (exact === undefined || ofAccount === undefined)) {
    return exact ?? ofAccount ?? NONE
  }
  const keys = [
    `=${namespace}`,
    `=${namespace}/${account}`,
    ...prefixLengths.map(length => `^${namespace.slice(0, length)}`),
    ...suffixLengths.map(length => `$${namespace.slice(-length)}`)
  ]
  return [...new Set(keys.flatMap(key => byKey.get(key) ?? NONE))]
}
const IDENTITY_NAMESPACE = 4

/**
 * Index key of a value; `undefined` if the value can match identities of any namespace.
 *
 * @param own namespace of the policy, the default for service accounts
 */
function keyOf(key: IdentityKey, value: string, own: string): string | undefined {
  if (key === 'source.principal' && !canMatch(value)) return NEVER
  const pattern = namespacePattern(key, value, own)
  if (pattern === undefined) return undefined
  const star = pattern.indexOf('*')
  // The segment `sa` is part of every identity, and a pattern that matches it can match in any namespace.
  if (star < 0) return pattern === SA ? undefined : `=${pattern}${exactAccount(key, value)}`
  const prefix = pattern.slice(0, star)
  if (!SA.startsWith(prefix)) return `^${prefix}`
  const suffix = pattern.slice(pattern.lastIndexOf('*') + 1)
  return SA.endsWith(suffix) ? undefined : `$${suffix}`
}
const SA = 'sa'
/** Key of values that match no identity. */
const NEVER = '=*'

/** False for a principal with a `*` in the middle or the wrong number of segments. */
function canMatch(principal: string): boolean {
  if (principal.startsWith('*')) return !principal.includes('*', 1)
  return principal.endsWith('*') || principal.split('/', PRINCIPAL_SEGMENTS + 1).length === PRINCIPAL_SEGMENTS
}

/** Service account of a value, with a leading slash; empty if the value can match several accounts of a namespace. */
function exactAccount(key: IdentityKey, value: string): string {
  if (key === 'source.namespace' || value.includes('*', 1)) return ''
  const segments = value.split('/')
  // The remaining principals, suffixes or whole identities, end with the account.
  return `/${key === 'source.principal' ? segments.at(-1) : (segments[1] ?? segments[0])}`
}

/** Part of a value that matches on the namespace; absent if no part does. */
export function namespacePattern(key: IdentityKey, value: string, own: string): string | undefined {
  if (key === 'source.namespace') return value.includes('/') ? undefined : value
  const segments = value.split('/')
  const [first = '', second, third, fourth] = segments
  if (key === 'source.serviceAccount') return second === undefined ? own : first
  // A leading `*` makes the value a suffix, so the position of the namespace follows from its end.
  if (first.startsWith('*') && segments.length === SEGMENTS_FROM_NAMESPACE) return second === SA ? first : undefined
  if (first.startsWith('*') && !(segments.length === PRINCIPAL_SEGMENTS && fourth === SA)) return undefined
  return second === 'ns' ? third : undefined
}
const PRINCIPAL_SEGMENTS = 5
const SEGMENTS_FROM_NAMESPACE = 3

/** Index of the values of a field, memoized by list and key: a field belongs to one policy. */
export function indexValues(key: IdentityKey, values: readonly string[], own: string): IdentityIndex<string> {
  return getOrAdd(valueIndexes(values), key, () =>
    makeIndex(
      values.map(value => {
        const found = keyOf(key, value, own)
        return [value, found === undefined ? undefined : [found]] as const
      })
    )
  )
}
const valueIndexes = memoize((_values: readonly string[]) => new Map<IdentityKey, IdentityIndex<string>>())

/** Field of a source, or a condition, that matches on the peer identity. */
export interface IdentityField {
  readonly key: IdentityKey
  readonly values: readonly string[]
  readonly notValues: readonly string[]
}

/** Fields of a source that match on the caller's namespace, without the empty ones. */
export const identityFields: (source: Source) => readonly IdentityField[] = memoize(source =>
  [
    { key: 'source.principal' as const, values: source.principals, notValues: source.notPrincipals },
    { key: 'source.namespace' as const, values: source.namespaces, notValues: source.notNamespaces },
    { key: 'source.serviceAccount' as const, values: source.serviceAccounts, notValues: source.notServiceAccounts }
  ].filter(({ values, notValues }) => values.length + notValues.length > 0)
)

/** Conditions of a rule that match on the caller's namespace. */
export const identityConditions: (rule: Rule) => readonly IdentityField[] = memoize(({ when }) =>
  when.flatMap(({ key, values, notValues }) => (isIdentityKey(key) ? [{ key, values, notValues }] : []))
)

/** Indexes of the rules of a policy, without null rules. */
export const indexRules: (policy: AuthorizationPolicy) => IdentityIndex<number> = memoize(({ namespace: own, spec }) =>
  makeIndex(spec.rules.flatMap((rule, i) => (rule === null ? [] : [[i, keysOfRule(rule, own)] as const])))
)

/** One condition, or every source, must limit the rule to namespaces; otherwise it can match any. */
function keysOfRule(rule: Rule, own: string): readonly string[] | undefined {
  const byCondition = keysOfFields(identityConditions(rule), own)
  if (byCondition !== undefined || rule.from.length === 0) return byCondition
  const all = new Set<string>()
  for (const { source } of rule.from) {
    const keys = source && keysOfFields(identityFields(source), own)
    if (keys === undefined) return undefined
    for (const key of keys) all.add(key)
  }
  return [...all]
}

/** Keys of the first field that limits the namespace; one is enough, because all fields must match. */
function keysOfFields(fields: readonly IdentityField[], own: string): readonly string[] | undefined {
  for (const { key, values } of fields) {
    const index = indexValues(key, values, own)
    if (values.length > 0 && index.anyNamespace.length === 0) return [...index.byKey.keys()]
  }
  return undefined
}
