import { nameOf, toRef } from '../state/resource.ts'
import { decidingPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'jwt-required-from-all',
  cause: 'token-required',
  mode: 'warn',
  summary: 'A policy for a whole namespace now denies requests without a JWT',
  symptom: 'callers that send no JWT get 403 `RBAC: access denied` from all models of a namespace',
  explain(failure) {
    const { policy, field } = decidingPolicy(failure)
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} denies requests without a JWT at ${serverName(failure)} (403)`,
      fix: {
        text: 'First let all callers send a JWT, or limit the policy with spec.selector to models whose callers do'
      }
    }
  }
})
