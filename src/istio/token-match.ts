import { matches } from '../text/pattern.ts'
import { all, type Tristate } from '../text/tristate.ts'
import type { Token } from './request.ts'

/** Conditions that match on the issuer of a JWT. */
export type TokenKey = 'request.auth.principal' | 'request.auth.claims[iss]'

export const isTokenKey = (key: string): key is TokenKey =>
  key === 'request.auth.principal' || key === 'request.auth.claims[iss]'

/** True if a value matches the JWT of a request. No value matches a request without JWT. */
export function matchesToken(key: TokenKey, value: string, token: Token | undefined): Tristate {
  if (token === undefined) return false
  return key === 'request.auth.principal' ? isRequestPrincipal(value, token) : isIssuer(value, token)
}

/**
 * Matches `issuer/subject`. Only the issuer is known.
 * @see istio 1.31 pilot/pkg/security/authz/model/generator.go (requestPrincipalGenerator)
 */
function isRequestPrincipal(value: string, token: Token): Tristate {
  const end = value.lastIndexOf('/')
  if (value === '*') return true
  if (end < 0) return value.startsWith('*') ? undefined : isIssuer(value, token)
  return all([isIssuer(value.slice(0, end), token), value.endsWith('/*') ? true : undefined])
}

function isIssuer(value: string, token: Token): Tristate {
  return token.issuer === undefined ? undefined : matches(value, token.issuer)
}
