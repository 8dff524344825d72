import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { meshOf } from './mesh.ts'
import { attaches, policyNamespaces } from './policy-target.ts'
import type { Call, Token } from './request.ts'

export type RequestAuthentication = ResourceOf<'RequestAuthentication'>

/** Trusted JWT issuers of a workload, by the object that names them. */
export interface Issuers {
  readonly by: RequestAuthentication
  /** Whether a proxy forwards JWTs of an issuer. */
  readonly forwards: ReadonlyMap<string, boolean>
}

/**
 * Trusted issuers of a workload: those of all objects that apply to it.
 * @see istio 1.31 pilot/pkg/security/authn/policy_applier.go (convertToEnvoyJwtConfig)
 */
export const issuersFor: (view: View<'RequestAuthentication' | 'ConfigMap'>, workload: Workload) => readonly Issuers[] =
  memoizeInView((view, workload) => {
    const { rootNamespace } = meshOf(view, workload)
    return policyNamespaces(workload, rootNamespace)
      .flatMap(namespace => view.list('RequestAuthentication', namespace))
      .filter(policy => policy.spec.jwtRules.length > 0 && attaches(policy, workload, rootNamespace))
      .map(issuersOf)
  })

const issuersOf = memoize((by: RequestAuthentication): Issuers => {
  const forwards = new Map<string, boolean>()
  for (const { issuer = '', forwardOriginalToken = false } of by.spec.jwtRules) {
    if (!forwards.has(issuer)) forwards.set(issuer, forwardOriginalToken)
  }
  return { by, forwards }
})

/** A JWT is validated if its issuer is configured; otherwise it is an ordinary header. */
export function validateToken(issuers: readonly Issuers[], token: Token | undefined): Token | undefined {
  return isForwarded(issuers, token) === undefined ? undefined : token
}

/** Whether the proxy forwards a JWT that it validates; absent if it does not validate it. */
function isForwarded(issuers: readonly Issuers[], token: Token | undefined): boolean | undefined {
  const { issuer } = token ?? {}
  if (issuer === undefined) return undefined
  for (const { forwards } of issuers) {
    const forwarded = forwards.get(issuer)
    if (forwarded !== undefined) return forwarded
  }
  return undefined
}

/** A proxy that validates a JWT strips it unless `forwardOriginalToken` is set. */
export function forwardToken(issuers: readonly Issuers[], call: Call): Call {
  return isForwarded(issuers, call.token) === false ? { ...call, token: undefined } : call
}

/** A proxy with jwtRules rejects (401) JWTs of any other issuer. */
export function unknownIssuer(
  issuers: readonly Issuers[],
  token: Token | undefined
): RequestAuthentication | undefined {
  return token === undefined || validateToken(issuers, token) !== undefined ? undefined : issuers[0]?.by
}
