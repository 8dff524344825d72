import { nameOf, toRef } from '../model/resource.ts'
import { alsoAllow, decider, refusedName, serverName } from './policy-words.ts'
import { defineCut } from './rule.ts'

export default defineCut({
  id: 'policy-denies-request-path',
  cause: 'refused-by-policy',
  summary: 'An AuthorizationPolicy answers 403 to requests on the path of a model',
  explain(cut, view) {
    const { policy, field } = decider(cut.verdict)
    const who = refusedName(cut)
    const apply = alsoAllow(cut, view)
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
