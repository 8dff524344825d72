import { isDnsName } from '../text/host.ts'
import { nameOf, type Ref, type ResourceOf, toRef } from './resource.ts'
import type { Settings } from './settings.ts'

/** Where a control plane is installed. */
export interface Installation {
  readonly namespace: string
  /** Object that shows it, or the configuration key. Absent: nothing shows it, and the default namespace is assumed. */
  readonly source: Ref | string | undefined
}

/** Control plane of Istio. Each revision has a mesh configuration and an injector of its own. */
export interface IstioRevision extends Installation {
  readonly revision: string
}

export interface Installations {
  /** The default revision first; at least one. */
  readonly istio: readonly [IstioRevision, ...IstioRevision[]]
  readonly knative: Installation
  readonly kserve: Installation
}

/** Kinds that show where control planes are installed. */
export type DiscoveryKinds = 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration' | 'ConfigMap'
export const DISCOVERY_KINDS: readonly DiscoveryKinds[] = [
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'ConfigMap'
]

/** Properties of a cluster in one state: configured, discovered, or by default. */
export interface ClusterSettings extends Settings {
  readonly istioNamespace: string
  readonly knativeNamespace: string
  readonly kserveNamespace: string
  readonly installations: Installations
}

type Lister = <K extends DiscoveryKinds>(kind: K) => readonly ResourceOf<K>[]
type WebhookConfiguration = ResourceOf<'MutatingWebhookConfiguration'> | ResourceOf<'ValidatingWebhookConfiguration'>

/** Suffix of the names of Istio's injection webhooks. */
export const INJECTOR_WEBHOOK = 'sidecar-injector.istio.io'
/** Name of KServe's ConfigMap. */
export const KSERVE_CONFIG = 'inferenceservice-config'
/** ConfigMaps of Knative Serving and net-istio that request paths depend on. */
export const KNATIVE_CONFIG_MAPS = ['config-autoscaler', 'config-domain', 'config-istio', 'config-network'] as const
/** ConfigMaps of the default revision of Istio; other revisions append `-<revision>`. */
export const ISTIO_CONFIG_MAPS = ['istio', 'istio-sidecar-injector'] as const
/** Revision of control planes that set none. */
export const DEFAULT_REVISION = 'default'

const DEFAULTS = { istio: 'istio-system', knative: 'knative-serving', kserve: 'kserve' }

/**
 * Control planes of a cluster, by decreasing evidence: the configuration; the Service of their webhooks, which only
 * administrators write; a ConfigMap by its name, if no other namespace has one.
 * @see kserve 0.20 config/webhook, knative serving 1.23 config/core/webhooks, istio 1.31 charts istio-discovery
 */
export function discover(list: Lister, settings: Settings): ClusterSettings {
  const { istioNamespace, knativeNamespace, kserveNamespace } = settings
  const configurations = [...list('MutatingWebhookConfiguration'), ...list('ValidatingWebhookConfiguration')]
  const maps = list('ConfigMap')
  const find = (
    key: string,
    configured: string | undefined,
    isOwnWebhook: (webhook: Webhook) => boolean,
    names: readonly string[],
    fallback: string
  ): Installation =>
    configured === undefined
      ? (byWebhook(configurations, isOwnWebhook) ?? byConfigMap(maps, names, fallback))
      : { namespace: configured, source: key }
  const istio = findIstio(list('MutatingWebhookConfiguration'), maps, istioNamespace)
  const knative = find(
    'mesh.knativeNamespace',
    knativeNamespace,
    isKnativeWebhook,
    KNATIVE_CONFIG_MAPS,
    DEFAULTS.knative
  )
  const kserve = find('mesh.kserveNamespace', kserveNamespace, isKserveWebhook, [KSERVE_CONFIG], DEFAULTS.kserve)
  return {
    ...settings,
    istioNamespace: istio[0].namespace,
    knativeNamespace: knative.namespace,
    kserveNamespace: kserve.namespace,
    installations: { istio, knative, kserve }
  }
}

type Webhook = WebhookConfiguration['webhooks'][number]

const isKserveWebhook = ({ name, clientConfig }: Webhook) =>
  name.includes('.kserve-webhook-server.') || clientConfig?.service?.name === 'kserve-webhook-server-service'
const isKnativeWebhook = ({ name }: Webhook) => name.endsWith('webhook.serving.knative.dev')
const isInjector = ({ name }: Webhook) => name.endsWith(INJECTOR_WEBHOOK)

function byWebhook(
  configurations: readonly WebhookConfiguration[],
  isOwnWebhook: (webhook: Webhook) => boolean
): Installation | undefined {
  for (const configuration of configurations) {
    const namespace = configuration.webhooks.find(isOwnWebhook)?.clientConfig?.service?.namespace
    // Templates have placeholders.
    if (namespace !== undefined && isDnsName(namespace)) return { namespace, source: toRef(configuration) }
  }
  return undefined
}

/** The default namespace, if it has one of the ConfigMaps; else the only namespace that has one. */
function byConfigMap(
  maps: readonly ResourceOf<'ConfigMap'>[],
  names: readonly string[],
  fallback: string
): Installation {
  const own = maps.filter(({ name }) => names.includes(name))
  const found = own.find(({ namespace }) => namespace === fallback) ?? own[0]
  const isOnly = new Set(own.map(({ namespace }) => namespace)).size === 1
  return found !== undefined && (isOnly || found.namespace === fallback)
    ? { namespace: found.namespace, source: toRef(found) }
    : { namespace: fallback, source: undefined }
}

/** Name of the ConfigMap with the mesh configuration of a revision. */
export function meshConfigMap(revision: string): string {
  return revision === DEFAULT_REVISION ? 'istio' : `istio-${revision}`
}

/** Revisions by their injectors and by ConfigMaps with a mesh configuration. */
function findIstio(
  injectors: readonly ResourceOf<'MutatingWebhookConfiguration'>[],
  maps: readonly ResourceOf<'ConfigMap'>[],
  configured: string | undefined
): Installations['istio'] {
  const found = new Map<string, IstioRevision>()
  const add = (one: IstioRevision) => {
    if (!found.has(one.revision) && one.namespace === (configured ?? one.namespace)) found.set(one.revision, one)
  }
  // The tag "default" says which revision injects into namespaces that name none.
  const isDefault = ({ labels }: WebhookConfiguration) =>
    (labels['istio.io/tag'] ?? labels['istio.io/rev'] ?? DEFAULT_REVISION) === DEFAULT_REVISION
  for (const injector of injectors.toSorted((a, b) => Number(isDefault(b)) - Number(isDefault(a)))) {
    const installation = byWebhook([injector], isInjector)
    const revision = injector.labels['istio.io/rev'] ?? DEFAULT_REVISION
    if (installation !== undefined) add({ revision, ...installation })
  }
  const [first] = found.values()
  const meshes = maps.filter(({ data, name }) => 'mesh' in data && MESH_CONFIG_MAP.test(name))
  const ofMesh = byConfigMap(
    meshes,
    meshes.map(({ name }) => name),
    configured ?? first?.namespace ?? DEFAULTS.istio
  )
  for (const map of meshes) {
    const revision = map.name.slice('istio-'.length) || DEFAULT_REVISION
    if (map.namespace === ofMesh.namespace) add({ revision, namespace: map.namespace, source: toRef(map) })
  }
  const source = configured === undefined ? undefined : 'mesh.istioNamespace'
  const [main, ...others] = found.values()
  return main === undefined
    ? [{ revision: DEFAULT_REVISION, namespace: configured ?? DEFAULTS.istio, source }]
    : [main, ...others]
}

const MESH_CONFIG_MAP = /^istio(-.+)?$/

/** The object or configuration key that shows an installation, for messages. */
export function sourceText({ source }: Installation): string {
  if (source === undefined) return 'assumed'
  return typeof source === 'string' ? source : nameOf(source)
}
