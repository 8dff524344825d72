import { memoize } from '../state/memoize.ts'
import type { AuthorizationPolicy } from './authorization-policy.ts'
import { identityConditions } from './identity-index.ts'

/** Namespace that a policy names, and the service account if it names one. */
export interface NamedSource {
  readonly namespace: string
  readonly account: string | undefined
}

/** All namespaces and service accounts that a policy names, whether it allows or denies them. */
export const namedSources: (policy: AuthorizationPolicy) => readonly NamedSource[] = memoize(
  ({ namespace: own, spec }) =>
    spec.rules.flatMap(rule => {
      if (rule === null) return []
      const sources = rule.from.flatMap(({ source }) => source ?? [])
      const conditions = (key: string) =>
        identityConditions(rule)
          .filter(one => one.key === key)
          .flatMap(({ values, notValues }) => [...values, ...notValues])
      const namespaces = sources.flatMap(one => [...one.namespaces, ...one.notNamespaces])
      const principals = sources.flatMap(one => [...one.principals, ...one.notPrincipals])
      const accounts = sources.flatMap(one => [...one.serviceAccounts, ...one.notServiceAccounts])
      return [
        ...[...namespaces, ...conditions('source.namespace')].map(namespace => ({ namespace, account: undefined })),
        ...[...principals, ...conditions('source.principal')].flatMap(fromPrincipal),
        ...[...accounts, ...conditions('source.serviceAccount')].map(one => {
          const [first = '', second] = one.split('/')
          return second === undefined ? { namespace: own, account: first } : { namespace: first, account: second }
        })
      ]
    })
)

/** Parses `<trust domain>/ns/<namespace>/sa/<account>`; a pattern can be cut off anywhere. */
function fromPrincipal(principal: string): readonly NamedSource[] {
  const [, ...after] = principal.split('/ns/')
  const [pattern = '', sa, account = '', ...more] = after.join('/ns/').split('/')
  const [namespace = ''] = pattern.split('*', 1)
  if (namespace === '') return []
  const isAccount = sa === 'sa' && account !== '' && !account.includes('*') && more.length === 0
  return [{ namespace, account: isAccount ? account : undefined }]
}
