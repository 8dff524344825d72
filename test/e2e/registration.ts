import { KINDS, type Kind } from '../../src/state/resource.ts'
import type { Guard } from './guard.ts'

/** Kinds whose changes are sent to the webhook. */
const WATCHED: readonly Kind[] = [
  'InferenceService',
  'ServingRuntime',
  'ClusterServingRuntime',
  'InferenceGraph',
  'LLMInferenceService',
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'Sidecar',
  'PeerAuthentication',
  'AuthorizationPolicy',
  'RequestAuthentication',
  'NetworkPolicy',
  'KubernetesGateway',
  'GatewayClass',
  'HTTPRoute',
  'ReferenceGrant',
  'Ingress',
  'IngressClass',
  'Namespace',
  'Service',
  'ConfigMap'
]

export const VALIDATING = 'validate.mesh-guard.io'
export const MUTATING = 'mutate.mesh-guard.io'

/** Both webhook configurations, for a guard that runs as a local process. */
export function registration({ webhook, ca }: Guard): object {
  const entry = (name: string, path: string, rules: readonly object[]) => ({
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 5,
    clientConfig: { url: `${webhook}${path}`, caBundle: Buffer.from(ca).toString('base64') },
    rules
  })
  const configuration = (kind: string, name: string, webhooks: readonly object[]) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    webhooks
  })
  const models = rule('InferenceService', ['CREATE', 'UPDATE'])
  const watchedRules = WATCHED.map(kind => rule(kind, ['CREATE', 'UPDATE', 'DELETE']))
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      configuration('MutatingWebhookConfiguration', MUTATING, [
        { ...entry(MUTATING, '/mutate', [models]), reinvocationPolicy: 'IfNeeded' }
      ]),
      configuration('ValidatingWebhookConfiguration', VALIDATING, [entry(VALIDATING, '/validate', watchedRules)])
    ]
  }
}

function rule(kind: Kind, operations: readonly string[]): object {
  const { group, plural } = KINDS[kind]
  return { apiGroups: [group], apiVersions: ['*'], resources: [plural], operations }
}
