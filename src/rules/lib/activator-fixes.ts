import type { AuthorizationPolicy } from '../../istio/authorization-policy.ts'
import { meshOf } from '../../istio/mesh.ts'
import { issuersFor } from '../../istio/request-authentication.ts'
import { systemPods } from '../../knative/knative.ts'
import type { InferenceService } from '../../kserve/inference-service.ts'
import type { PathKinds } from '../../request/caller.ts'
import type { View } from '../../state/snapshot.ts'
import { identityOf, type Workload } from '../../state/workload.ts'
import { KNATIVE_PROBE_PATHS } from './policy-message-parts.ts'
import type { Fix } from './rule.ts'

/** Knative routes set this header on every request. */
export const NAMESPACE_HEADER = 'Knative-Serving-Namespace'

/** A DENY policy on the activator: its sidecar sees the peer identity, and the header names the target namespace. */
export function denyAtActivator(
  view: View<PathKinds>,
  { namespace }: InferenceService,
  policy: AuthorizationPolicy
): Fix {
  const { knativeNamespace, istioNamespace } = view.settings
  return {
    text: 'Deny other namespaces at the activator, or bypass it: targetBurstCapacity "0" and minReplicas 1',
    apply: [
      {
        apiVersion: policy.apiVersion,
        kind: 'AuthorizationPolicy',
        metadata: { name: `${namespace}-via-activator`, namespace: knativeNamespace },
        spec: {
          selector: { matchLabels: { app: 'activator' } },
          action: 'DENY',
          rules: [
            {
              from: [{ source: { notNamespaces: [namespace, istioNamespace, knativeNamespace] } }],
              when: [{ key: `request.headers[${NAMESPACE_HEADER}]`, values: [namespace] }]
            }
          ]
        }
      }
    ]
  }
}

/** A DENY policy on the model for requests that arrive via the activator without a JWT. */
export function requireTokenAtActivator(
  view: View<PathKinds>,
  { namespace }: InferenceService,
  pods: readonly Workload[],
  policy: AuthorizationPolicy
): Fix {
  const text = 'Require a JWT for requests via the activator too, except its probes and metrics'
  if (pods.flatMap(pod => issuersFor(view, pod)).length === 0) return { text }
  const { trustDomain } = meshOf(view)
  const activators = systemPods(view, 'activator').map(pod => identityOf(pod, trustDomain).replace('spiffe://', ''))
  return {
    text,
    apply: [
      {
        apiVersion: policy.apiVersion,
        kind: 'AuthorizationPolicy',
        metadata: { name: `${policy.name}-via-activator`, namespace },
        spec: {
          selector: policy.spec.selector,
          action: 'DENY',
          rules: [
            {
              from: [{ source: { principals: [...new Set(activators)], notRequestPrincipals: ['*'] } }],
              to: [{ operation: { notPaths: KNATIVE_PROBE_PATHS } }]
            }
          ]
        }
      }
    ]
  }
}
