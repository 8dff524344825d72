import type { PathKinds } from '../request/caller.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { joinMesh } from './lib/join-mesh.ts'
import { decidingPolicy, deniedCallerName, extendedAllowPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure, type FailureOf, type Fix } from './lib/rule.ts'
import { strictNamespace } from './lib/strict-namespace.ts'

export default defineFailure({
  id: 'policy-requires-peer-identity',
  cause: 'no-identity-for-policy',
  summary: 'AuthorizationPolicy requires a peer identity, but requests arrive in plaintext',
  symptom: '403 `RBAC: access denied`; behind the activator 503, or requests that hang',
  ztunnelSymptom: 'connection reset, with `connection closed due to policy rejection` in the log of ztunnel',
  explain(failure, view) {
    const { policy, field } = decidingPolicy(failure)
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} denies ${deniedCallerName(failure)} at ${serverName(failure)}: plaintext, no peer identity`,
      fix: toFix(failure, view)
    }
  }
})

function toFix(failure: FailureOf<'no-identity-for-policy'>, view: View<PathKinds>): Fix {
  const { namespace, labels } = failure.client
  const { server } = failure
  const app = ['activator', 'autoscaler'].find(one => one === labels['app'])
  const hasSidecar = labels['security.istio.io/tlsMode'] !== undefined
  if (app === undefined) {
    const clients = deniedCallerName(failure)
    return {
      text: `First make ${clients} send mTLS: inject missing sidecars, and set no other TLS mode in a DestinationRule`
    }
  }
  if (!hasSidecar) return { text: `First ${joinMesh(view, namespace, app, server)}` }
  // Knative detects a mesh when the pod resets plaintext, and only then uses the Service, with mTLS.
  return {
    text: `First make namespace ${server.namespace} STRICT: Knative then detects the mesh and uses mTLS`,
    apply: [strictNamespace(view, server.namespace), ...extendedAllowPolicy(failure, view, inferencePathOf(server))]
  }
}

/** Path of a request that the activator forwards, other than that of its probe. */
function inferencePathOf({ labels }: Workload): string {
  return `/v1/models/${labels['serving.kserve.io/inferenceservice']}:predict`
}
