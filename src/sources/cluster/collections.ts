import { ISTIO_CONFIG_MAPS, KNATIVE_CONFIG_MAPS, KSERVE_CONFIG } from '../../state/discovery.ts'
import { CLUSTER_KINDS, KINDS, type Kind } from '../../state/resource.ts'
import type { Settings } from '../../state/settings.ts'

/** Objects of a kind in all namespaces that are listed and watched, only those of one name if it is set. */
export interface Collection {
  readonly kind: Kind
  readonly name?: string | undefined
}

/** Names of the ConfigMaps that are read, in any namespace: discovery decides which of them take effect. */
export function configMapNames({ istioRevisions = [] }: Settings): readonly string[] {
  const ofRevisions = istioRevisions.flatMap(revision => ISTIO_CONFIG_MAPS.map(name => `${name}-${revision}`))
  return [KSERVE_CONFIG, ...KNATIVE_CONFIG_MAPS, ...ISTIO_CONFIG_MAPS, ...ofRevisions]
}

/**
 * CustomResourceDefinitions of KServe, Knative and Istio with a conversion webhook.
 * @see kserve 0.20 config/crd/full/llmisvc
 */
const CONVERTED = ['llminferenceservices.serving.kserve.io', 'llminferenceserviceconfigs.serving.kserve.io']

/** All collections to read; ConfigMaps and CustomResourceDefinitions by name, because a cluster has many others. */
export function collectionsOf(settings: Settings): readonly Collection[] {
  const names: { readonly [K in Kind]?: readonly string[] } = {
    ConfigMap: configMapNames(settings),
    CustomResourceDefinition: CONVERTED
  }
  return CLUSTER_KINDS.flatMap(
    (kind): readonly Collection[] => names[kind]?.map(name => ({ kind, name })) ?? [{ kind }]
  )
}

/** URL path of a collection; without `version`, at the API version that the model reads. */
export function toPath({ kind }: Collection, version: string = KINDS[kind].version): string {
  const { group, plural } = KINDS[kind]
  return group === '' ? `/api/${version}/${plural}` : `/apis/${group}/${version}/${plural}`
}

/** Query that selects the objects of a collection. RBAC compares the name with `resourceNames`. */
export function toQuery({ name }: Collection): Readonly<Record<string, string>> {
  return name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }
}
