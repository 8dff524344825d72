import { isAmbient } from '../istio/ambient.ts'
import { peerMtls } from '../istio/peer-authentication.ts'
import { meshCompatibility, systemPods } from '../knative/knative.ts'
import type { PathKinds } from '../request/caller.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { clientName } from './lib/message-parts.ts'
import { decidingPolicy, deniedCallerName, extendedAllowPolicy, serverName } from './lib/policy-message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { strictNamespace } from './lib/strict-namespace.ts'
import { isWebhookCall, webhookPolicy } from './lib/webhook-policy.ts'

export default defineFailure({
  id: 'policy-denies-request-path',
  cause: 'refused-by-policy',
  summary: 'An AuthorizationPolicy denies requests on the path to a model',
  symptom: '403 `RBAC: access denied`, with `rbac_access_denied_matched_policy[...]` in the access log of the server',
  ztunnelSymptom: 'connection reset, with `connection closed due to policy rejection` in the log of ztunnel',
  explain(failure, view) {
    const { client } = failure
    const { policy, field } = decidingPolicy(failure)
    const who = deniedCallerName(failure)
    const isWebhook = isWebhookCall(failure) && failure.verdict.is === 'not-allowed'
    const extended = isWebhook ? webhookPolicy(failure, view) : extendedAllowPolicy(failure, view)
    const apply =
      extended.length > 0 && dialsPlaintext(view, failure.server)
        ? [...extended, strictNamespace(view, failure.server.namespace)]
        : extended
    const forHops = client.proxy === 'waypoint' ? `Allow ${clientName(client)}, and` : 'Allow'
    const byHops = isWebhook
      ? 'Allow requests to the port of the webhook with the policy below'
      : isAmbient(view, failure.server)
        ? `${forHops} the gateway, activator and autoscaler service accounts; to allow other callers, add a rule to ${nameOf(policy)}`
        : 'Allow the gateway, activator and autoscaler service accounts, and their probe paths; ' +
          `to allow other callers, add a rule to ${nameOf(policy)}`
    const byRule = `Add a rule that allows ${who} to ${nameOf(policy)}`
    return {
      object: toRef(policy),
      field,
      message: `${nameOf(policy)} denies ${who} at ${serverName(failure)} (${isAmbient(view, failure.server) ? 'connection reset' : '403'})`,
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

/**
 * True if the activator dials the pods in plaintext, although it has a sidecar: Knative detects a mesh only if the pods reset
 * plaintext.
 */
function dialsPlaintext(view: View<PathKinds>, server: Workload): boolean {
  return (
    'serving.knative.dev/revision' in server.labels &&
    !isAmbient(view, server) &&
    meshCompatibility(view) === 'auto' &&
    peerMtls(view, server).workload.mode !== 'STRICT' &&
    systemPods(view, 'activator').every(({ proxy }) => proxy === 'sidecar')
  )
}
