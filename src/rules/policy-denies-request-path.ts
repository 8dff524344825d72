import { nameOf, toRef } from '../state/resource.ts'
import { decidingPolicy, deniedCallerName, extendedAllowPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'policy-denies-request-path',
  cause: 'refused-by-policy',
  summary: 'An AuthorizationPolicy denies requests on the path to a model',
  explain(failure, view) {
    const { policy, field } = decidingPolicy(failure.verdict)
    const who = deniedCallerName(failure)
    const apply = extendedAllowPolicy(failure, view)
    const byHops =
      'Allow the gateway, activator and autoscaler service accounts with the policy below; ' +
      `to allow other callers, add a rule to ${nameOf(policy)}`
    const byRule = `Add a rule that allows ${who} to ${nameOf(policy)}`
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} denies ${who} at ${serverName(failure)} (403)`,
      fix: {
        text:
          failure.verdict.is === 'denied'
            ? `Exclude ${who} from ${field} of ${nameOf(policy)}`
            : apply.length > 0
              ? byHops
              : byRule,
        apply
      }
    }
  }
})
