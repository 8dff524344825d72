import { nameOf, toRef } from '../model/resource.ts'
import type { View } from '../model/snapshot.ts'
import type { PathKinds } from '../model/way.ts'
import { decider, refusedName, serverName } from './policy-words.ts'
import type { CutOf } from './rule.ts'
import { defineCut, type Fix } from './rule.ts'
import { strictNamespace } from './strict-namespace.ts'

export default defineCut({
  id: 'policy-requires-peer-identity',
  cause: 'no-identity-for-policy',
  summary: 'A policy goes by who calls, and the call comes in plaintext, from nobody',
  explain(cut, view) {
    const { policy, field } = decider(cut.verdict)
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} wants identities; ${refusedName(cut)} reach ${serverName(cut)} in plaintext`,
      fix: toFix(cut, view)
    }
  }
})

function toFix({ client, server }: CutOf<'no-identity-for-policy'>, view: View<PathKinds>): Fix {
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
