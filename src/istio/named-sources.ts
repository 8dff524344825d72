import { memoize } from '../state/memoize.ts'
import type { AuthorizationPolicy } from './authorization-policy.ts'
import { type IdentityField, identityConditions, identityFields, namespacePattern } from './identity-index.ts'

/** Namespace that a policy names, and the service account if it names one. */
export interface NamedSource {
  /** Name, or a pattern with `*` in any place. */
  readonly namespace: string
  /** For a pattern, a name that it matches. */
  readonly account: string | undefined
}

/** All namespaces and service accounts that a policy names, whether it allows or denies them. */
export const namedSources: (policy: AuthorizationPolicy) => readonly NamedSource[] = memoize(
  ({ namespace: own, spec }) =>
    spec.rules.flatMap(rule => {
      if (rule === null) return []
      const fields = [
        ...rule.from.flatMap(({ source }) => (source ? identityFields(source) : [])),
        ...identityConditions(rule)
      ]
      return fields.flatMap(field => sourcesOf(field, own))
    })
)

function sourcesOf({ key, values, notValues }: IdentityField, own: string): readonly NamedSource[] {
  return [...values, ...notValues].flatMap(value => {
    // A namespace can have the suffix `/sa`, because Istio searches the identity for the value.
    const [first = ''] = value.split('/')
    const namespace = namespacePattern(key, key === 'source.namespace' ? first : value, own)
    // A value that matches any namespace names none.
    if (namespace === undefined || namespace === '' || namespace === '*') return []
    return { namespace, account: key === 'source.namespace' ? undefined : accountOf(value) }
  })
}

/** Service account of a principal or of `namespace/account`; the shortest that a pattern matches. */
function accountOf(value: string): string | undefined {
  const segments = value.split('/')
  const isCutOff = value.endsWith('*') && segments.length < PRINCIPAL_SEGMENTS
  const account = isCutOff ? '' : segments.slice(-1).join().replace('*', '')
  return account === '' ? undefined : account
}
const PRINCIPAL_SEGMENTS = 5
