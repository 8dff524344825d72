import { KINDS, type Kind } from '../../state/resource.ts'
import type { Settings } from '../../state/snapshot.ts'

/** A kind that is listed and watched, in one namespace or in all. */
export interface Collection {
  readonly kind: Kind
  readonly namespace: string | undefined
}

/** All collections to read; ConfigMaps only in the namespaces of Istio, Knative and KServe. */
export function collectionsOf({ istioNamespace, knativeNamespace, kserveNamespace }: Settings): readonly Collection[] {
  return (Object.keys(KINDS) as Kind[]).flatMap((kind): readonly Collection[] => {
    if (kind !== 'ConfigMap') return [{ kind, namespace: undefined }]
    return [...new Set([istioNamespace, knativeNamespace, kserveNamespace])].map(namespace => ({ kind, namespace }))
  })
}

/** URL path of a collection; without `version`, at the API version that the model reads. */
export function toPath({ kind, namespace }: Collection, version: string = KINDS[kind].version): string {
  const { group, plural } = KINDS[kind]
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${namespace}/${plural}`
}
