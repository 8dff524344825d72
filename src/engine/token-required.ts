import { requiresToken } from '../istio/authorization.ts'
import type { AuthorizationPolicy } from '../istio/authorization-policy.ts'
import type { Path } from '../request/request-path.ts'
import { isEmpty } from '../text/selector.ts'

/** The paths of requests without a JWT. Whether callers can send one is not known, so they are not expected. */
export function withoutToken(paths: readonly Path[]): readonly Path[] {
  return paths.map(path =>
    path.tokenRequired === undefined ? path : { ...path, hops: [path.tokenRequired], expected: false }
  )
}

/** True if a policy without selector requires the JWT: it applies to all models of its namespace. */
export function isRequiredFromAll({ tokenRequired }: Path): boolean {
  if (tokenRequired === undefined) return false
  const policies = [tokenRequired.failure.verdict.by].flat()
  return policies.some(one => one.kind === 'AuthorizationPolicy' && isForAll(one))
}

function isForAll(policy: AuthorizationPolicy): boolean {
  const { selector, targetRef, targetRefs } = policy.spec
  const isNarrow = targetRef !== undefined || targetRefs.length > 0 || !isEmpty(selector?.matchLabels ?? {})
  return requiresToken(policy) && !isNarrow
}
