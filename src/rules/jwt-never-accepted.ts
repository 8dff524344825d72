import { attaches } from '../istio/policy-target.ts'
import type { PathKinds } from '../request/caller.ts'
import { nameOf, type Ref, type ResourceOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { decidingPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure, type FailureOf, type Fix } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

type RequestAuthentication = ResourceOf<'RequestAuthentication'>
type TokenFailure = FailureOf<'token-never-valid'>

export default defineFailure({
  id: 'jwt-never-accepted',
  cause: 'token-never-valid',
  summary: 'A policy requires a JWT that no RequestAuthentication on the path accepts',
  symptom: '403 `RBAC: access denied`, or 401 `Jwt issuer is not configured` for a JWT of another issuer',
  explain(failure, view, changed) {
    const { verdict, request } = failure
    if (verdict.is === 'token-refused') {
      const refusing = changedFor(failure.server, view, changed) ?? verdict.by
      return {
        object: toRef(refusing),
        field: 'spec.jwtRules',
        message: `${nameOf(refusing)} rejects JWTs issued by ${request.token?.issuer} at ${serverName(failure)} (401)`,
        fix: trustIssuer(refusing, request.token?.issuer, view)
      }
    }
    const { policy, field } = decidingPolicy(failure)
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} requires a JWT at ${serverName(failure)}, where none is validated`,
      fix: toFix(failure, view)
    }
  }
})

/** The changed RequestAuthentication, if it validates JWTs for the pod. */
function changedFor(
  pod: Workload,
  view: View<'RequestAuthentication'>,
  changed: Ref | undefined
): RequestAuthentication | undefined {
  const name = changed && nameOf(changed)
  return view
    .list('RequestAuthentication', changed?.namespace)
    .find(one => nameOf(one) === name && one.spec.jwtRules.length > 0 && attaches(one, pod))
}

/** RequestAuthentications are additive: the fix adds one for these pods with the rules of another one. */
function toFix(failure: TokenFailure, view: View<PathKinds>): Fix {
  const { server } = failure
  const { policy } = decidingPolicy(failure)
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

/** Adds the rule that another RequestAuthentication has for the issuer. */
function trustIssuer(refusing: RequestAuthentication, issuer: string | undefined, view: View<PathKinds>): Fix {
  const text = `Add issuer ${issuer} to ${nameOf(refusing)}, and forward its JWTs`
  const known = view
    .list('RequestAuthentication')
    .flatMap(({ spec }) => spec.jwtRules)
    .filter(rule => rule.issuer === issuer)
    .slice(0, 1)
  const jwtRules = [...refusing.spec.jwtRules, ...known.map(rule => ({ ...rule, forwardOriginalToken: true }))]
  return { text, apply: [updatedManifest(refusing, { spec: { ...refusing.spec, jwtRules } })] }
}
