import { meshOf } from '../istio/mesh.ts'
import { nameOf, toRef } from '../state/resource.ts'
import { decidingPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'ext-authz-provider-not-found',
  cause: 'provider-unknown',
  summary: 'A CUSTOM policy names an unknown extension provider, so it denies every request',
  symptom: '403 `RBAC: access denied` for every request that the policy matches',
  explain(failure, view) {
    const { policy, field, provider } = decidingPolicy(failure)
    const configured = meshOf(view).authorizers
    const instead = configured.length === 0 ? '' : `, or use a configured one: ${configured.join(', ')}`
    const [only, ...others] = configured
    const apply =
      only === undefined || others.length > 0
        ? []
        : [updatedManifest(policy, { spec: { ...policy.spec, provider: { name: only } } })]
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} names unknown provider "${provider}": it denies all at ${serverName(failure)}`,
      fix: { text: `First add "${provider}" to extensionProviders of the mesh configuration${instead}`, apply }
    }
  }
})
