import type { AuthorizationPolicy } from '../model/authorization-rule.ts'
import type { InferenceService } from '../model/inference-service.ts'
import { systemPods } from '../model/knative.ts'
import { meshOf } from '../model/mesh.ts'
import { issuersAt } from '../model/request-authentication.ts'
import type { View } from '../model/snapshot.ts'
import type { PathKinds } from '../model/way.ts'
import { identityOf, type Workload } from '../model/workload.ts'
import { KNATIVES_PATHS } from './policy-words.ts'
import type { Fix } from './rule.ts'

/** Set by Knative's routes, whoever calls. */
export const NAMESPACE_HEADER = 'Knative-Serving-Namespace'

/** The activator's own sidecar still sees who calls, and Knative tells it for which namespace. */
export function closeActivator(
  view: View<PathKinds>,
  { namespace }: InferenceService,
  policy: AuthorizationPolicy
): Fix {
  const { knativeNamespace, istioNamespace } = view.settings
  return {
    text: `Refuse other namespaces at the activator too, or take it off the path: targetBurstCapacity "0", minReplicas 1`,
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

/** What comes through the activator must carry a token like all else. */
export function askTheActivator(
  view: View<PathKinds>,
  { namespace }: InferenceService,
  pods: readonly Workload[],
  policy: AuthorizationPolicy
): Fix {
  const text = 'Ask for a token of what comes through the activator as well, save for its probes and metrics'
  if (pods.flatMap(pod => issuersAt(view, pod)).length === 0) return { text }
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
              to: [{ operation: { notPaths: KNATIVES_PATHS } }]
            }
          ]
        }
      }
    ]
  }
}
