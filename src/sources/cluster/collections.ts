import { KINDS, type Kind, type Resource } from '../../model/resource.ts'
import type { Settings } from '../../model/snapshot.ts'
import { readResource } from '../manifest.ts'

/** One collection of the API server: a kind, or of ConfigMaps those of one namespace. */
export interface Collection {
  readonly kind: Kind
  readonly namespace: string | undefined
  readonly path: string
}

/** All that there is to read. ConfigMaps are read in the namespaces where those lie that decide, and nowhere else. */
export function collectionsOf({ istioNamespace, knativeNamespace, kserveNamespace }: Settings): readonly Collection[] {
  return (Object.keys(KINDS) as Kind[]).flatMap((kind): readonly Collection[] => {
    const { group, version, plural } = KINDS[kind]
    const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    if (kind !== 'ConfigMap') return [{ kind, namespace: undefined, path: `${base}/${plural}` }]
    return [...new Set([istioNamespace, knativeNamespace, kserveNamespace])].map(namespace => ({
      kind,
      namespace,
      path: `${base}/namespaces/${namespace}/${plural}`
    }))
  })
}

/** The object, if it is what its kind says; if not, `onFault` is told which one, and why. */
export function readQuietly(object: unknown, onFault: (message: string) => void): readonly Resource[] {
  try {
    return [readResource(object)].filter(resource => resource !== undefined)
  } catch (error) {
    onFault((error as Error).message)
    return []
  }
}
