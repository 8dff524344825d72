import { z } from 'zod'
import { INJECTOR_WEBHOOK } from '../state/discovery.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { type LabelSelector, type Labels, selects } from '../text/selector.ts'
import { parseYaml } from '../text/yaml.ts'

/** Pod label and annotation. Webhook selectors match only on the label. */
export const INJECT = 'sidecar.istio.io/inject'

/** Pod properties that injection depends on. */
export interface InjectionSubject {
  readonly namespace: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly hostNetwork: boolean
}

/** Whether a pod that is created now gets a sidecar; otherwise, why not. */
export type Injection =
  | {
      readonly injected: true
      readonly webhook: string
      /** Revision of the control plane that injects. */
      readonly revision: string | undefined
    }
  | {
      readonly injected: false
      readonly reason:
        | 'not-selected'
        | 'host-network'
        | 'system-namespace'
        | 'opted-out'
        | 'policy-disabled'
        | 'never-inject-selector'
    }

const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']

export type InjectionKinds = 'MutatingWebhookConfiguration' | 'Namespace' | 'ConfigMap'

/**
 * Evaluates the webhook selectors, which match only on labels, then istiod's decision: the pod's label, else its
 * annotation. Values other than "true" and "false" are ignored.
 * @see istio 1.31 pkg/kube/inject/inject.go (injectRequired),
 * charts istio-discovery mutatingwebhook.yaml; Istio 1.27 and later
 */
export function injection(view: View<InjectionKinds>, subject: InjectionSubject): Injection {
  const { namespace: name, labels: podLabels } = subject
  const webhook = selectingWebhook(view, view.get('Namespace', '', name) ?? { name, labels: {} }, podLabels)
  if (webhook === undefined) return { injected: false, reason: 'not-selected' }
  if (subject.hostNetwork) return { injected: false, reason: 'host-network' }
  if (SYSTEM_NAMESPACES.includes(subject.namespace)) return { injected: false, reason: 'system-namespace' }
  const requested = subject.labels[INJECT] ?? subject.annotations[INJECT]
  const injected = { injected: true, webhook: webhook.name, revision: webhook.revision } as const
  if (requested === 'true') return injected
  if (requested === 'false') return { injected: false, reason: 'opted-out' }
  const { policy, never, always } = injectorConfig(view, webhook.revision)
  if (never.some(selector => selects(selector, subject.labels))) {
    return { injected: false, reason: 'never-inject-selector' }
  }
  if (policy === 'enabled' || always.some(selector => selects(selector, subject.labels))) {
    return injected
  }
  return { injected: false, reason: 'policy-disabled' }
}

/** Proxy of a pod that is created now, and the revision of its control plane. */
export function nextProxy(view: View<InjectionKinds>, subject: InjectionSubject): Pick<Workload, 'proxy' | 'revision'> {
  const next = injection(view, subject)
  return next.injected ? { proxy: 'sidecar', revision: next.revision } : { proxy: 'none' }
}

const labelsOf = memoize(
  ({ name, labels }: Pick<ResourceOf<'Namespace'>, 'name' | 'labels'>): Labels => ({
    'kubernetes.io/metadata.name': name,
    ...labels
  })
)

/** Webhook that receives a pod with these labels, and the revision of its control plane. */
export function selectingWebhook(
  view: View<'MutatingWebhookConfiguration'>,
  namespace: Pick<ResourceOf<'Namespace'>, 'name' | 'labels'>,
  labels: Labels
): Pick<Injector, 'name' | 'revision'> | undefined {
  return injectorsFor(view.list('MutatingWebhookConfiguration'))(labels).find(({ namespaceSelector }) =>
    selects(namespaceSelector, labelsOf(namespace))
  )
}

/** Webhook of a sidecar injector. */
type Injector = ResourceOf<'MutatingWebhookConfiguration'>['webhooks'][number] & {
  readonly revision: string | undefined
}

const injectorsIn = memoize((configurations: readonly ResourceOf<'MutatingWebhookConfiguration'>[]) =>
  configurations.flatMap(({ labels, webhooks }) =>
    webhooks
      .filter(({ name }) => name.endsWith(INJECTOR_WEBHOOK))
      .map((webhook): Injector => ({ ...webhook, revision: labels['istio.io/rev'] }))
  )
)

/** Injectors that select a pod with these labels, in some namespaces. */
const injectorsFor = memoize((configurations: readonly ResourceOf<'MutatingWebhookConfiguration'>[]) =>
  memoize((labels: Labels) => injectorsIn(configurations).filter(one => selects(one.objectSelector, labels)))
)

/** True if the state has a sidecar injector. */
export function hasInjector(view: View<'MutatingWebhookConfiguration'>): boolean {
  return injectorsIn(view.list('MutatingWebhookConfiguration')).length > 0
}

interface InjectorConfig {
  readonly policy: string
  readonly never: readonly LabelSelector[]
  readonly always: readonly LabelSelector[]
}

const selector = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
    .default([])
})
const config = z.object({
  policy: z.string().default('enabled'),
  neverInjectSelector: z.array(selector).nullish(),
  alwaysInjectSelector: z.array(selector).nullish()
})

const DEFAULT: InjectorConfig = { policy: 'enabled', never: [], always: [] }

/** Parses the fields that are not templates. Istio's defaults apply if the text does not parse. */
const readConfig = memoize(({ data: { config: text = '' } }: ResourceOf<'ConfigMap'>): InjectorConfig => {
  const { data: read } = config.safeParse(parseYaml(text))
  return read === undefined
    ? DEFAULT
    : { policy: read.policy, never: read.neverInjectSelector ?? [], always: read.alwaysInjectSelector ?? [] }
})

const values = z.object({
  sidecarInjectorWebhook: z.object({ rewriteAppHTTPProbe: z.boolean().nullish() }).nullish()
})

const readRewrites = memoize(({ data: { values: text = '' } }: ResourceOf<'ConfigMap'>): boolean => {
  const { data: read } = values.safeParse(parseYaml(text))
  return read?.sidecarInjectorWebhook?.rewriteAppHTTPProbe ?? true
})

/** "false": kubelet probes do not bypass the sidecar. */
const REWRITE = 'sidecar.istio.io/rewriteAppHTTPProbers'

/**
 * True if the injector lets HTTP probes of the kubelet bypass the sidecar.
 * @see istio 1.31 pkg/kube/inject/app_probe.go (ShouldRewriteAppHTTPProbers)
 */
export function rewritesProbes(view: View<'ConfigMap'>, annotations: Labels, revision?: string): boolean {
  const requested = annotations[REWRITE]
  if (requested === 'true' || requested === 'false') return requested === 'true'
  const map = injectorMap(view, revision)
  return map === undefined || readRewrites(map)
}

/** Injector configuration of a revision of istiod. */
function injectorConfig(view: View<'ConfigMap'>, revision: string | undefined): InjectorConfig {
  const map = injectorMap(view, revision)
  return map === undefined ? DEFAULT : readConfig(map)
}

function injectorMap(view: View<'ConfigMap'>, revision = 'default'): ResourceOf<'ConfigMap'> | undefined {
  const { istioNamespace } = view.settings
  return (
    view.get('ConfigMap', istioNamespace, `istio-sidecar-injector-${revision}`) ??
    view.get('ConfigMap', istioNamespace, 'istio-sidecar-injector')
  )
}
