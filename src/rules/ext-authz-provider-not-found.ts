import { meshOf } from '../model/mesh.ts'
import { nameOf, toRef } from '../model/resource.ts'
import { decidingPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'ext-authz-provider-not-found',
  cause: 'provider-unknown',
  summary: 'A CUSTOM policy asks a provider that the mesh does not have, and so denies',
  explain(cut, view) {
    const { policy, field, provider } = decidingPolicy(cut.verdict)
    const known = meshOf(view).authorizers
    const instead = known.length === 0 ? '' : `, or name one that is there: ${known.join(', ')}`
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} asks "${provider}", which the mesh lacks: it denies all at ${serverName(cut)}`,
      fix: { text: `Add "${provider}" to extensionProviders of the mesh configuration first${instead}` }
    }
  }
})
