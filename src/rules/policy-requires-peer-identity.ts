import { nameOf, toRef } from '../model/resource.ts'
import type { View } from '../model/snapshot.ts'
import type { PathKinds } from '../model/way.ts'
import { decidingPolicy, deniedCallerName, serverName } from './lib/policy-message-parts.ts'
import type { FailureOf } from './lib/rule.ts'
import { defineFailure, type Fix } from './lib/rule.ts'
import { strictNamespace } from './lib/strict-namespace.ts'

export default defineFailure({
  id: 'policy-requires-peer-identity',
  cause: 'no-identity-for-policy',
  summary: 'A policy goes by who calls, and the call comes in plaintext, from nobody',
  explain(cut, view) {
    const { policy, field } = decidingPolicy(cut.verdict)
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} wants identities; ${deniedCallerName(cut)} reach ${serverName(cut)} in plaintext`,
      fix: toFix(cut, view)
    }
  }
})

function toFix({ client, server }: FailureOf<'no-identity-for-policy'>, view: View<PathKinds>): Fix {
  const { namespace, labels } = client
  const isKnative = labels['app'] === 'activator' || labels['app'] === 'autoscaler'
  const hasSidecar = labels['security.istio.io/tlsMode'] !== undefined
  if (isKnative && !hasSidecar) {
    return { text: `Label namespace ${namespace} istio-injection=enabled and restart ${labels['app']} first` }
  }
  // Refused plaintext looks like a mesh to Knative, and only then it goes by the Service, with mTLS.
  return isKnative
    ? {
        text: `Make namespace ${server.namespace} STRICT first: then Knative finds out that it is in a mesh`,
        apply: [strictNamespace(view, server.namespace)]
      }
    : {
        text: `Let ${namespace} send mTLS to the pods first: give its pods sidecars, and no DestinationRule that forbids it`
      }
}
