import { meshOf } from '../model/mesh.ts'
import { nameOf, toRef } from '../model/resource.ts'
import { alsoAllow, decider, refusedName, serverName } from './policy-words.ts'
import { defineCut } from './rule.ts'

export default defineCut({
  id: 'policy-refuses-callers',
  cause: 'refused-by-policy',
  summary: 'An AuthorizationPolicy answers 403 to requests on the path of a model',
  explain(cut, view) {
    const { policy, field } = decider(cut.verdict)
    const who = refusedName(cut)
    const apply = policy.kind === 'AuthorizationPolicy' ? alsoAllow(cut, policy, meshOf(view).trustDomain) : []
    const way = apply.length > 0 ? 'Let them in by a policy of their own' : `Let them in by a rule of ${nameOf(policy)}`
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} refuses ${who} at ${serverName(cut)}`,
      fix: {
        text: cut.verdict.is === 'denied' ? `Except ${who} from ${field} of ${nameOf(policy)}` : `${way}: ${who}`,
        apply
      }
    }
  }
})
