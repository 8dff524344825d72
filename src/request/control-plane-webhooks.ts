import { type Ref, type ResourceOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

export type WebhookKinds =
  | 'MutatingWebhookConfiguration'
  | 'ValidatingWebhookConfiguration'
  | 'CustomResourceDefinition'
  | 'LLMInferenceService'

/** Webhook of KServe, Knative or Istio whose failure makes the API server reject requests. */
export interface ControlPlaneWebhook {
  /** Webhook configuration, or the CustomResourceDefinition of a conversion webhook. */
  readonly configuration: Ref
  /** Name of the webhook; of a conversion webhook, that of its CustomResourceDefinition. */
  readonly name: string
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
}

/**
 * Admission webhooks with `failurePolicy: Fail` and conversion webhooks of KServe, Knative and Istio. A namespace does not
 * tell whose they are: Kubeflow installs KServe beside webhooks of other products.
 */
export function controlPlaneWebhooks(view: View<WebhookKinds>): readonly ControlPlaneWebhook[] {
  const configurations = [...view.list('MutatingWebhookConfiguration'), ...view.list('ValidatingWebhookConfiguration')]
  return [
    ...configurations.flatMap(configuration => admissionWebhooks(view, configuration)),
    ...view.list('CustomResourceDefinition').flatMap(conversionWebhook)
  ]
}

type Configuration = ResourceOf<'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration'>
type Webhook = Configuration['webhooks'][number]

function admissionWebhooks(
  view: View<'LLMInferenceService'>,
  configuration: Configuration
): readonly ControlPlaneWebhook[] {
  return configuration.webhooks
    .filter(webhook => isOwnWebhook(webhook, configuration) && isRequired(view, webhook))
    .flatMap(({ name, clientConfig }) => toWebhook(configuration, name, clientConfig))
}

const KNATIVE_SERVING = ['serving.knative.dev', 'networking.internal.knative.dev']

/**
 * @see kserve 0.20 config/webhook/manifests.yaml, config/llmisvc
 * @see knative serving 1.23 cmd/webhook/main.go, net-istio 1.22 config
 * @see istio 1.31 charts istio-discovery mutatingwebhook.yaml, validatingwebhookconfiguration.yaml
 */
function isOwnWebhook({ name }: Webhook, configuration: Configuration): boolean {
  return (
    name.includes('.kserve-webhook-server.') ||
    configuration.name.endsWith(`.${KSERVE_GROUP}`) ||
    KNATIVE_SERVING.some(suffix => name.endsWith(`.${suffix}`)) ||
    name.endsWith('.istio.io')
  )
}

const LLM_WEBHOOKS = 'llminferenceservice'

/** KServe installs the webhooks of LLMInferenceServices in any case; without such objects their failure stops nothing. */
function isRequired(view: View<'LLMInferenceService'>, { name, failurePolicy = 'Fail' }: Webhook): boolean {
  if (failurePolicy !== 'Fail') return false
  return !name.startsWith(LLM_WEBHOOKS) || view.list('LLMInferenceService').length > 0
}

const KSERVE_GROUP = 'serving.kserve.io'
const KNATIVE_GROUPS = [...KNATIVE_SERVING, 'autoscaling.internal.knative.dev', 'caching.internal.knative.dev']

/** A conversion webhook has no `failurePolicy`: without it, objects cannot be read in another version. */
function conversionWebhook(definition: ResourceOf<'CustomResourceDefinition'>): readonly ControlPlaneWebhook[] {
  const { group, conversion } = definition.spec
  const isOwn = group === KSERVE_GROUP || KNATIVE_GROUPS.includes(group) || group.endsWith('.istio.io')
  if (!isOwn || conversion?.strategy !== 'Webhook') return []
  return toWebhook(definition, definition.name, conversion.webhook?.clientConfig)
}

const WEBHOOK_PORT = 443

/** None if the webhook is called by URL. */
function toWebhook(
  configuration: Ref,
  webhook: string,
  clientConfig: Webhook['clientConfig']
): readonly ControlPlaneWebhook[] {
  const { namespace, name, port = WEBHOOK_PORT } = clientConfig?.service ?? {}
  if (namespace === undefined || name === undefined) return []
  return [{ configuration: toRef(configuration), name: webhook, service: { namespace, name, port } }]
}
