import { attaches } from '../model/attachment.ts'
import { nameOf, toRef } from '../model/resource.ts'
import type { View } from '../model/snapshot.ts'
import type { PathKinds } from '../model/way.ts'
import { decidingPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure, type FailureOf, type Fix } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'jwt-never-accepted',
  cause: 'token-never-valid',
  summary: 'A policy asks for a token that no RequestAuthentication there accepts',
  explain(cut, view) {
    const { policy, field } = decidingPolicy(cut.verdict)
    const why =
      cut.verdict.is === 'token-refused'
        ? `refuses tokens of ${cut.request.token?.issuer} at ${serverName(cut)}`
        : `asks for a token at ${serverName(cut)}, where none is ever valid`
    return { object: toRef(policy), field, message: `${nameOf(policy)} ${why}`, fix: toFix(cut, view) }
  }
})

/** One more RequestAuthentication beside one that selects other pods; they add up. */
function toFix({ verdict, server, request }: FailureOf<'token-never-valid'>, view: View<PathKinds>): Fix {
  const { policy } = decidingPolicy(verdict)
  if (verdict.is === 'token-refused') {
    return { text: `Let ${nameOf(policy)} know issuer ${request.token?.issuer} too, and forward its tokens` }
  }
  const other = view
    .list('RequestAuthentication', policy.namespace)
    .find(one => one.spec.jwtRules.length > 0 && !attaches(one, server))
  if (other === undefined) {
    return {
      text: `Add a RequestAuthentication for these pods in ${server.namespace} first, or forward the token to them`
    }
  }
  const jwtRules = other.spec.jwtRules.map(rule => ({ ...rule, forwardOriginalToken: true }))
  const name = `${other.name}-${policy.name}`
  return {
    text: `Read tokens where ${nameOf(policy)} asks for them first, by the rules of ${nameOf(other)}, and forward them`,
    apply: [updatedManifest({ ...other, name }, { spec: { selector: policy.spec.selector, jwtRules } })]
  }
}
