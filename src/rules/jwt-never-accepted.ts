import { attaches } from '../istio/policy-target.ts'
import type { PathKinds } from '../request/caller.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { decidingPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure, type FailureOf, type Fix } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'jwt-never-accepted',
  cause: 'token-never-valid',
  summary: 'A policy requires a JWT that no RequestAuthentication on the path accepts',
  explain(failure, view) {
    const { policy, field } = decidingPolicy(failure.verdict)
    const why =
      failure.verdict.is === 'token-refused'
        ? `rejects JWTs issued by ${failure.request.token?.issuer} at ${serverName(failure)}`
        : `requires a JWT at ${serverName(failure)}, where none is validated`
    return { object: toRef(policy), field, message: `${nameOf(policy)} ${why}`, fix: toFix(failure, view) }
  }
})

/** RequestAuthentications are additive: the fix adds one for these pods with the rules of another one. */
function toFix({ verdict, server, request }: FailureOf<'token-never-valid'>, view: View<PathKinds>): Fix {
  const { policy } = decidingPolicy(verdict)
  if (verdict.is === 'token-refused') {
    return { text: `Add issuer ${request.token?.issuer} to ${nameOf(policy)}, and forward its JWTs` }
  }
  const other = view
    .list('RequestAuthentication', policy.namespace)
    .find(one => one.spec.jwtRules.length > 0 && !attaches(one, server))
  if (other === undefined) {
    return {
      text: `First add a RequestAuthentication for these pods in ${server.namespace}, or forward the JWT to them`
    }
  }
  const jwtRules = other.spec.jwtRules.map(rule => ({ ...rule, forwardOriginalToken: true }))
  const name = `${other.name}-${policy.name}`
  return {
    text: `First validate JWTs where ${nameOf(policy)} requires them, with the rules of ${nameOf(other)}, and forward them`,
    apply: [updatedManifest({ ...other, name }, { spec: { selector: policy.spec.selector, jwtRules } })]
  }
}
