import { configMapNames } from '../sources/cluster/collections.ts'
import { KINDS, type Kind } from '../state/resource.ts'
import type { Settings } from '../state/settings.ts'
import { CHANGE_MATCH_CONDITION, COMMON_MATCH_CONDITIONS } from './match-conditions.ts'
import { SELF_TEST_LABEL, WEBHOOK } from './names.ts'
import { watchedKinds } from './watched-resources.ts'

export type FailurePolicy = 'Fail' | 'Ignore'

/** Variable parts of the webhook configurations. */
export interface WebhookOptions {
  readonly namespace: string
  readonly service: { readonly name: string; readonly port: number }
  readonly settings: Settings
  /** CA certificates that the API server verifies the webhook with, PEM. */
  readonly caBundle: string
  /** For mesh changes; other webhooks always use Ignore. */
  readonly failurePolicy: FailurePolicy
}

/** Webhook with all defaults set, so that it can be compared with the stored one. */
export interface Webhook {
  readonly name: string
  readonly [field: string]: unknown
}

/** Much shorter than client timeouts; an answer takes milliseconds. */
const TIMEOUT_SECONDS = 5
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name'
const WRITES = ['CREATE', 'UPDATE', 'DELETE']

export function mutatingWebhooks(options: WebhookOptions): readonly Webhook[] {
  const rules = toRules(['InferenceService'], ['CREATE', 'UPDATE'])
  const { failurePolicy } = options
  const matchConditions = [...COMMON_MATCH_CONDITIONS, CHANGE_MATCH_CONDITION]
  return [
    {
      ...webhook(options, WEBHOOK.mutate, '/mutate', rules),
      failurePolicy,
      matchConditions,
      reinvocationPolicy: 'IfNeeded'
    }
  ]
}

export function validatingWebhooks(options: WebhookOptions): readonly Webhook[] {
  const { namespace, settings, failurePolicy } = options
  const { mesh, core } = watchedKinds()
  return [
    {
      ...webhook(options, WEBHOOK.validate, '/validate', toRules(mesh, WRITES)),
      failurePolicy,
      matchConditions: [...COMMON_MATCH_CONDITIONS, CHANGE_MATCH_CONDITION]
    },
    {
      ...webhook(options, WEBHOOK.core, '/validate', toRules(core, WRITES)),
      matchConditions: [
        ...COMMON_MATCH_CONDITIONS,
        { name: 'relevant-config-maps', expression: readConfigMaps(settings) }
      ]
    },
    {
      // Ignore, because the self-test only checks whether this webhook denied the request.
      ...webhook(options, WEBHOOK.selfTest, '/self-test', toRules(['ConfigMap'], ['CREATE'])),
      namespaceSelector: { matchExpressions: [{ key: NAMESPACE_LABEL, operator: 'In', values: [namespace] }] },
      objectSelector: { matchExpressions: [{ key: SELF_TEST_LABEL, operator: 'Exists' }] }
    }
  ]
}

function webhook(
  { namespace, service, caBundle }: WebhookOptions,
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
    clientConfig: { service: { namespace, ...service, path }, caBundle: Buffer.from(caBundle).toString('base64') },
    rules,
    // The guard must be able to restart without its webhook, and so must system components.
    namespaceSelector: {
      matchExpressions: [{ key: NAMESPACE_LABEL, operator: 'NotIn', values: [namespace, 'kube-system'] }]
    },
    objectSelector: {}
  }
}

/** One rule per API group, for all versions. */
function toRules(kinds: readonly Kind[], operations: readonly string[]): readonly object[] {
  return [...Map.groupBy(kinds, kind => KINDS[kind].group)].map(([group, of]) => ({
    apiGroups: [group],
    apiVersions: ['*'],
    operations,
    resources: of.map(kind => KINDS[kind].plural),
    scope: '*'
  }))
}

/**
 * CEL condition that excludes ConfigMaps that the model does not read, in any namespace: where the control planes are
 * installed is discovered.
 */
function readConfigMaps(settings: Settings): string {
  const names = JSON.stringify(configMapNames(settings))
  return `request.resource.resource != "configmaps" || request.name in ${names}`
}
