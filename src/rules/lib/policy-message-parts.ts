import { isAmbient } from '../../istio/ambient.ts'
import { authorize, needsIdentity, requiresToken } from '../../istio/authorization.ts'
import type { AuthorizationPolicy } from '../../istio/authorization-policy.ts'
import { meshOf } from '../../istio/mesh.ts'
import { authorizeAtZtunnel } from '../../istio/ztunnel-authorization.ts'
import { systemPods } from '../../knative/knative.ts'
import { ingressOf } from '../../kserve/kserve.ts'
import { HTTP_PORT } from '../../kubernetes/service.ts'
import type { PathKinds } from '../../request/caller.ts'
import type { Denied, PolicyDenied } from '../../request/failure.ts'
import { toDestination } from '../../request/service-resolution.ts'
import { byCreationTime } from '../../state/creation-order.ts'
import { memoize } from '../../state/memoize.ts'
import type { View } from '../../state/snapshot.ts'
import { identityOf } from '../../state/workload.ts'
import { clientName } from './message-parts.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'
import { isWebhookCall } from './webhook-policy.ts'

/** Short name of the denied caller, for messages. */
export function deniedCallerName(failure: PolicyDenied): string {
  const { client, request } = failure
  if (isWebhookCall(failure)) return 'the API server'
  if (client.proxy === 'none' && client.namespace === '') return 'callers without a sidecar'
  return client.namespace === '' && request.identity !== undefined ? 'callers of other namespaces' : clientName(client)
}

/** Short name of the server for messages: the InferenceService or pod, with the path of a Knative probe. */
export function serverName({ server, request }: PolicyDenied): string {
  const { namespace, name, proxy, labels } = server
  if (proxy === 'gateway') return `${namespace} gateways`
  if (proxy === 'waypoint') return clientName(server)
  const of = labels['serving.kserve.io/inferenceservice'] ?? name
  return `${namespace}/${of}${request.method === 'GET' ? request.path : ''}`
}

/** Policy that denies the request. If no ALLOW policy matches, the newest of those that require what the request lacks. */
export function decidingPolicy({
  verdict,
  cause
}: {
  readonly verdict: Denied
  readonly cause?: PolicyDenied['cause']
}): {
  readonly policy: Exclude<Denied['by'], readonly unknown[]>
  readonly field: string
  /** Name of the CUSTOM provider. */
  readonly provider?: string
} {
  switch (verdict.is) {
    case 'denied':
      return { policy: verdict.by, field: `spec.rules[${verdict.rule}]` }
    case 'not-allowed':
      return { policy: responsiblePolicy(verdict.by, cause), field: 'spec.rules' }
    case 'provider-unknown':
      return { policy: verdict.by, field: 'spec.provider.name', provider: verdict.provider }
    case 'token-refused':
      return { policy: verdict.by, field: 'spec.jwtRules' }
  }
}

function responsiblePolicy(
  policies: readonly AuthorizationPolicy[],
  cause: PolicyDenied['cause'] | undefined
): AuthorizationPolicy {
  const requiring = policies.filter(policy => requiresMissing(policy, cause))
  return (requiring.length > 0 ? requiring : policies).reduce((a, b) => (byCreationTime(a, b) > 0 ? a : b))
}

/** True if the policy has a rule for what the request lacks: an identity, or a JWT. */
function requiresMissing(policy: AuthorizationPolicy, cause: PolicyDenied['cause'] | undefined): boolean {
  if (cause === 'token-never-valid') return requiresToken(policy)
  return cause === 'no-identity-for-policy' && needsIdentity(policy)
}

/**
 * The ALLOW policy that decides, with rules for the denied caller and for the hops of the path: gateways, activator and
 * autoscaler. A policy of the root namespace applies to all namespaces, and a long one does not fit into an answer: then it is
 * an additional policy of the model's namespace. ALLOW policies are additive.
 *
 * @param path of the request that the hops must be allowed to send
 */
export function extendedAllowPolicy(
  { cause, client, server, request, verdict }: PolicyDenied,
  view: View<PathKinds>,
  path = request.path
): readonly Manifest[] {
  if (verdict.is !== 'not-allowed' || server.proxy === 'gateway') return []
  const gateways = toDestination(view, ingressOf(view).config.knativeLocalGatewayService, HTTP_PORT).endpoints
  const hops = [
    ...gateways.map(({ workload }) => workload),
    ...systemPods(view, 'activator'),
    ...systemPods(view, 'autoscaler')
  ]
  const { trustDomain } = meshOf(view)
  const isCaptured = isAmbient(view, server)
  const enforce = isCaptured ? authorizeAtZtunnel : authorize
  const denied = [client, ...hops]
    .filter(({ namespace }) => namespace !== '')
    .map(one => identityOf(one, trustDomain))
    .filter(identity => enforce(view, server, { ...request, path, identity }).is !== 'allowed')
  if (denied.length === 0) return []
  const principals = [...new Set(denied)].map(identity => identity.replace('spiffe://', ''))
  const policy = responsiblePolicy(verdict.by, cause)
  // Probes of the kubelet bypass ztunnel, which drops rules with paths.
  const probes = isCaptured ? [] : [{ to: [{ operation: { paths: KNATIVE_PROBE_PATHS } }] }]
  const rules = [{ from: [{ source: { principals } }] }, ...probes]
  if (policy.namespace === server.namespace && specLength(policy) <= MAX_SPEC_LENGTH) {
    return [updatedManifest(policy, { spec: { ...policy.spec, rules: [...policy.spec.rules, ...rules] } })]
  }
  const { selector } = policy.spec
  return [
    {
      apiVersion: policy.apiVersion,
      kind: 'AuthorizationPolicy',
      metadata: { name: `${policy.name}-hops`, namespace: server.namespace },
      spec: { ...(selector === undefined ? {} : { selector }), action: 'ALLOW', rules }
    }
  ]
}

/** In characters of JSON. */
const MAX_SPEC_LENGTH = 4_000
const specLength = memoize(({ spec }: AuthorizationPolicy) => JSON.stringify(spec).length)

/** Paths that activator and autoscaler probe and scrape, in plaintext if they have no sidecar. */
export const KNATIVE_PROBE_PATHS = ['/healthz', '/metrics']
