import { nameOf, toRef } from '../model/resource.ts'
import { isEmpty } from '../model/selector.ts'
import type { View } from '../model/snapshot.ts'
import type { PathKinds } from '../model/way.ts'
import { decider, serverName } from './policy-words.ts'
import { type CutOf, defineCut, type Fix } from './rule.ts'

export default defineCut({
  id: 'token-never-valid',
  cause: 'token-never-valid',
  summary: 'A policy asks for a token that no RequestAuthentication there accepts',
  explain(cut, view) {
    const { policy, field } = decider(cut.verdict)
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} asks for a token at ${serverName(cut)}, where none is ever valid`,
      fix: toFix(cut, view)
    }
  }
})

/** A RequestAuthentication that stands beside the policy, and selects other pods. */
function toFix({ verdict, server }: CutOf<'token-never-valid'>, view: View<PathKinds>): Fix {
  const { policy } = decider(verdict)
  const labels = policy.spec.selector?.matchLabels ?? {}
  const other = view.list('RequestAuthentication', policy.namespace).find(({ spec }) => spec.jwtRules.length > 0)
  if (other === undefined || policy.kind !== 'AuthorizationPolicy') {
    return {
      text: `Add a RequestAuthentication for these pods in ${server.namespace} first, or forward the token to them`
    }
  }
  const { apiVersion, kind, name, namespace, spec } = other
  const selector = isEmpty(labels) ? {} : { selector: { matchLabels: labels } }
  return {
    text: `Let ${nameOf(other)} select the same pods as ${nameOf(policy)} first, and forward the token`,
    apply: [
      {
        apiVersion,
        kind,
        metadata: { name, namespace },
        spec: { ...selector, jwtRules: spec.jwtRules.map(rule => ({ ...rule, forwardOriginalToken: true })) }
      }
    ]
  }
}
