import { KSERVE_CONFIG } from '../kserve/kserve.ts'
import { KINDS, type Kind } from '../state/resource.ts'
import type { Settings } from '../state/snapshot.ts'
import { CHANGING, CONCERNING } from './match-conditions.ts'
import { SELF_TEST_LABEL, WEBHOOK } from './names.ts'
import { subjects } from './watched-resources.ts'

export type FailurePolicy = 'Fail' | 'Ignore'

/** What a registration says besides what follows from the model. */
export interface Registered {
  readonly namespace: string
  readonly service: { readonly name: string; readonly port: number }
  readonly settings: Settings
  /** PEM of whom the API server is to trust. */
  readonly bundle: string
  /** For the kinds of the mesh; of all else a failure is ignored. */
  readonly failurePolicy: FailurePolicy
}

/** A webhook with every field said, so that what the API server holds can be compared with it. */
export interface Webhook {
  readonly name: string
  readonly [field: string]: unknown
}

/** Much shorter than what clients wait for; an answer takes milliseconds. */
const TIMEOUT_SECONDS = 5
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name'
const WRITES = ['CREATE', 'UPDATE', 'DELETE']

export function mutatingWebhooks(registered: Registered): readonly Webhook[] {
  const rules = toRules(['InferenceService'], ['CREATE', 'UPDATE'])
  const { failurePolicy } = registered
  const matchConditions = [...CONCERNING, CHANGING]
  return [
    {
      ...webhook(registered, WEBHOOK.mutate, '/mutate', rules),
      failurePolicy,
      matchConditions,
      reinvocationPolicy: 'IfNeeded'
    }
  ]
}

export function validatingWebhooks(registered: Registered): readonly Webhook[] {
  const { namespace, settings, failurePolicy } = registered
  const { mesh, core } = subjects()
  return [
    {
      ...webhook(registered, WEBHOOK.validate, '/validate', toRules(mesh, WRITES)),
      failurePolicy,
      matchConditions: [...CONCERNING, CHANGING]
    },
    {
      ...webhook(registered, WEBHOOK.core, '/validate', toRules(core, WRITES)),
      matchConditions: [...CONCERNING, { name: 'only-config-maps-that-are-read', expression: isRead(settings) }]
    },
    {
      // A failure is ignored here too: what we read from the answer is whether it was we who refused.
      ...webhook(registered, WEBHOOK.selfTest, '/self-test', toRules(['ConfigMap'], ['CREATE'])),
      namespaceSelector: { matchExpressions: [{ key: NAMESPACE_LABEL, operator: 'In', values: [namespace] }] },
      objectSelector: { matchExpressions: [{ key: SELF_TEST_LABEL, operator: 'Exists' }] }
    }
  ]
}

function webhook(
  { namespace, service, bundle }: Registered,
  name: string,
  path: string,
  rules: readonly object[]
): Webhook {
  return {
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Ignore',
    matchPolicy: 'Equivalent',
    timeoutSeconds: TIMEOUT_SECONDS,
    clientConfig: { service: { namespace, ...service, path }, caBundle: Buffer.from(bundle).toString('base64') },
    rules,
    // Never what we need ourselves to come up again, nor what the cluster needs.
    namespaceSelector: {
      matchExpressions: [{ key: NAMESPACE_LABEL, operator: 'NotIn', values: [namespace, 'kube-system'] }]
    },
    objectSelector: {}
  }
}

/** Kinds of one API group share a rule. Every version is meant: objects of all are read alike. */
function toRules(kinds: readonly Kind[], operations: readonly string[]): readonly object[] {
  return [...Map.groupBy(kinds, kind => KINDS[kind].group)].map(([group, of]) => ({
    apiGroups: [group],
    apiVersions: ['*'],
    operations,
    resources: of.map(kind => KINDS[kind].plural),
    scope: '*'
  }))
}

/** The ConfigMaps of Knative that the model reads. */
export const KNATIVE_MAPS = ['config-autoscaler', 'config-domain', 'config-istio', 'config-network']

/** In CEL: of ConfigMaps only those that the model reads. Some of Istio's have the name of a revision at the end. */
function isRead({ istioNamespace, knativeNamespace, kserveNamespace }: Settings): string {
  const text = JSON.stringify
  const within = (namespace: string, names: string) => `(request.namespace == ${text(namespace)} && ${names})`
  return [
    'request.resource.resource != "configmaps"',
    within(istioNamespace, 'request.name.startsWith("istio")'),
    within(knativeNamespace, `request.name in ${text(KNATIVE_MAPS)}`),
    within(kserveNamespace, `request.name == ${text(KSERVE_CONFIG)}`)
  ].join(' || ')
}
