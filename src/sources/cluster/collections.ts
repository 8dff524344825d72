import { KINDS, type Kind } from '../../state/resource.ts'
import type { Settings } from '../../state/snapshot.ts'

/** One collection of the API server: a kind, or of ConfigMaps those of one namespace. */
export interface Collection {
  readonly kind: Kind
  readonly namespace: string | undefined
}

/** All that there is to read. ConfigMaps are read in the namespaces where those lie that decide, and nowhere else. */
export function collectionsOf({ istioNamespace, knativeNamespace, kserveNamespace }: Settings): readonly Collection[] {
  return (Object.keys(KINDS) as Kind[]).flatMap((kind): readonly Collection[] => {
    if (kind !== 'ConfigMap') return [{ kind, namespace: undefined }]
    return [...new Set([istioNamespace, knativeNamespace, kserveNamespace])].map(namespace => ({ kind, namespace }))
  })
}

/** Where the server has a collection, at the version that we know or at another. */
export function toPath({ kind, namespace }: Collection, version: string = KINDS[kind].version): string {
  const { group, plural } = KINDS[kind]
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${namespace}/${plural}`
}
