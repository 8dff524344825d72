import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { meshOf } from './mesh.ts'
import { attaches, policyNamespaces } from './policy-target.ts'
import type { Call, Token } from './request.ts'

export type RequestAuthentication = ResourceOf<'RequestAuthentication'>

/** Trusted JWT issuer of a workload, and whether it forwards the JWT. */
export interface Issuer {
  readonly issuer: string
  readonly forwards: boolean
  readonly by: RequestAuthentication
}

/**
 * Trusted issuers of a workload: those of all objects that apply to it.
 * @see istio 1.31 pilot/pkg/security/authn/policy_applier.go (convertToEnvoyJwtConfig)
 */
export const issuersFor: (view: View<'RequestAuthentication' | 'ConfigMap'>, workload: Workload) => readonly Issuer[] =
  memoizeInView((view, workload) => {
    const { rootNamespace } = meshOf(view, workload)
    return policyNamespaces(workload, rootNamespace)
      .flatMap(namespace => view.list('RequestAuthentication', namespace))
      .filter(policy => attaches(policy, workload, rootNamespace))
      .flatMap(by =>
        by.spec.jwtRules.map(({ issuer = '', forwardOriginalToken = false }) => ({
          issuer,
          forwards: forwardOriginalToken,
          by
        }))
      )
  })

/** A JWT is validated if its issuer is configured; otherwise it is an ordinary header. */
export function validateToken(issuers: readonly Issuer[], token: Token | undefined): Token | undefined {
  return issuers.some(({ issuer }) => issuer === token?.issuer) ? token : undefined
}

/** A proxy that validates a JWT strips it unless `forwardOriginalToken` is set. */
export function forwardToken(issuers: readonly Issuer[], call: Call): Call {
  const reader = issuers.find(({ issuer }) => issuer === call.token?.issuer)
  return reader === undefined || reader.forwards ? call : { ...call, token: undefined }
}

/** A proxy with jwtRules rejects (401) JWTs of any other issuer. */
export function unknownIssuer(issuers: readonly Issuer[], token: Token | undefined): RequestAuthentication | undefined {
  return token === undefined || validateToken(issuers, token) !== undefined ? undefined : issuers[0]?.by
}
