import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { type LabelSelector, type Labels, selects } from '../text/selector.ts'
import { parseYaml } from '../text/yaml.ts'

/** Label (it selects the injector, and decides) and annotation (it only decides) of a pod. */
export const INJECT = 'sidecar.istio.io/inject'

/** What the injector looks at in a pod. */
export interface InjectionSubject {
  readonly namespace: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly hostNetwork: boolean
}

/** Will a pod that is created now get a sidecar, and if not, what is in the way? */
export type Injection =
  | { readonly injected: true; readonly webhook: string }
  | {
      readonly injected: false
      readonly because:
        | 'no-webhook-selects-it'
        | 'host-network'
        | 'system-namespace'
        | 'asked-not-to'
        | 'policy-disabled'
        | 'never-selected'
    }

const WEBHOOK_SUFFIX = 'sidecar-injector.istio.io'
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']

export type InjectionKinds = 'MutatingWebhookConfiguration' | 'Namespace' | 'ConfigMap'

/**
 * First the API server: does a webhook of the injector select namespace and pod, by labels alone? Then istiod: the
 * pod's label, else its annotation, exactly "true" or "false"; anything else is as if it were absent.
 * @see istio pkg/kube/inject/inject.go (injectRequired), charts istio-discovery mutatingwebhook.yaml; Istio 1.27 and later
 */
export function injection(view: View<InjectionKinds>, subject: InjectionSubject): Injection {
  const webhook = selectingWebhook(view, subject)
  if (webhook === undefined) return { injected: false, because: 'no-webhook-selects-it' }
  if (subject.hostNetwork) return { injected: false, because: 'host-network' }
  if (SYSTEM_NAMESPACES.includes(subject.namespace)) return { injected: false, because: 'system-namespace' }
  const asked = subject.labels[INJECT] ?? subject.annotations[INJECT]
  if (asked === 'true') return { injected: true, webhook: webhook.name }
  if (asked === 'false') return { injected: false, because: 'asked-not-to' }
  const { policy, never, always } = injectorConfig(view, webhook.revision)
  if (never.some(selector => selects(selector, subject.labels))) return { injected: false, because: 'never-selected' }
  if (policy === 'enabled' || always.some(selector => selects(selector, subject.labels))) {
    return { injected: true, webhook: webhook.name }
  }
  return { injected: false, because: 'policy-disabled' }
}

/** Do pods of the namespace join the mesh without a sidecar of their own? */
export function isAmbient(view: View<'Namespace'>, namespace: string): boolean {
  return view.get('Namespace', '', namespace)?.labels['istio.io/dataplane-mode'] === 'ambient'
}

function selectingWebhook(
  view: View<'MutatingWebhookConfiguration' | 'Namespace'>,
  { namespace, labels }: InjectionSubject
) {
  const namespaceLabels = { 'kubernetes.io/metadata.name': namespace, ...view.get('Namespace', '', namespace)?.labels }
  for (const configuration of view.list('MutatingWebhookConfiguration')) {
    const found = configuration.webhooks.find(
      ({ name, namespaceSelector, objectSelector }) =>
        name.endsWith(WEBHOOK_SUFFIX) && selects(namespaceSelector, namespaceLabels) && selects(objectSelector, labels)
    )
    if (found !== undefined) return { name: found.name, revision: configuration.labels['istio.io/rev'] }
  }
  return undefined
}

/** Everything that injectors select pods by. */
export function injectorSelectors(view: View<'MutatingWebhookConfiguration' | 'ConfigMap'>): readonly LabelSelector[] {
  const maps = view
    .list('ConfigMap', view.settings.istioNamespace)
    .filter(({ name }) => name.startsWith('istio-sidecar-injector'))
  return [
    ...view
      .list('MutatingWebhookConfiguration')
      .flatMap(({ webhooks }) => webhooks.filter(({ name }) => name.endsWith(WEBHOOK_SUFFIX)))
      .flatMap(({ objectSelector }) => objectSelector ?? []),
    ...maps.map(readConfig).flatMap(({ never, always }) => [...never, ...always])
  ]
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

/** The text is a template in places that we don't read; what does not parse counts as Istio's defaults. */
const readConfig = memoize(({ data: { config: text = '' } }: ResourceOf<'ConfigMap'>): InjectorConfig => {
  const { data: read } = config.safeParse(parseYaml(text))
  return read === undefined
    ? DEFAULT
    : { policy: read.policy, never: read.neverInjectSelector ?? [], always: read.alwaysInjectSelector ?? [] }
})

/** Each revision of istiod has a configuration of its own. */
function injectorConfig(view: View<'ConfigMap'>, revision = 'default'): InjectorConfig {
  const { istioNamespace } = view.settings
  const map =
    view.get('ConfigMap', istioNamespace, `istio-sidecar-injector-${revision}`) ??
    view.get('ConfigMap', istioNamespace, 'istio-sidecar-injector')
  return map === undefined ? DEFAULT : readConfig(map)
}
