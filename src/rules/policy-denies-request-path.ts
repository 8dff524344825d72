import { nameOf, toRef } from '../model/resource.ts'
import { additionalAllowPolicy, decidingPolicy, deniedCallerName, serverName } from './lib/policy-message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'policy-denies-request-path',
  cause: 'refused-by-policy',
  summary: 'An AuthorizationPolicy answers 403 to requests on the path of a model',
  explain(cut, view) {
    const { policy, field } = decidingPolicy(cut.verdict)
    const who = deniedCallerName(cut)
    const apply = additionalAllowPolicy(cut, view)
    const byHops = `Let in gateways and Knative, as below; for others add a rule to ${nameOf(policy)}`
    const byRule = `Let in ${who} by a rule of ${nameOf(policy)}`
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} refuses ${who} at ${serverName(cut)}`,
      fix: {
        text:
          cut.verdict.is === 'denied'
            ? `Except ${who} from ${field} of ${nameOf(policy)}`
            : apply.length > 0
              ? byHops
              : byRule,
        apply
      }
    }
  }
})
