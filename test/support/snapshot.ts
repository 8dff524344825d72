import { join } from 'node:path'
import { applyChange } from '../../src/engine/apply-change.ts'
import { readFiles } from '../../src/sources/files.ts'
import { readManifests } from '../../src/sources/yaml.ts'
import type { Resource } from '../../src/state/resource.ts'
import type { Settings } from '../../src/state/settings.ts'
import { Snapshot } from '../../src/state/snapshot.ts'

/** Parses the objects of a YAML text. @throws on any error */
export function resourcesOf(yaml: string): readonly Resource[] {
  const { manifests, errors } = readManifests(yaml, 'test')
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return manifests.map(({ resource, ref }) => {
    if (resource === undefined) throw new Error(`unread kind: ${ref.kind}`)
    return deepFreeze(resource)
  })
}

/** A state with only the objects of a YAML text. */
export function stateOf(yaml: string, settings?: Settings): Snapshot {
  return Snapshot.of(resourcesOf(yaml), settings)
}

const stock = readFiles([join(import.meta.dirname, '../../examples/cluster')]).flatMap(({ resource }) => resource ?? [])

const STOCK = Snapshot.of(stock.map(deepFreeze))

/** The example cluster (Istio, Knative, KServe and two models) after these objects are created or updated. */
export function stockWith(yaml = ''): Snapshot {
  return resourcesOf(yaml).reduce((state, after) => {
    const before = state.get(after.kind, after.namespace, after.name)
    return applyChange(state, before ? { operation: 'UPDATE', before, after } : { operation: 'CREATE', after })
  }, STOCK)
}

/** The state without the pods of a namespace. */
export function withoutPods(state: Snapshot, namespace: string): Snapshot {
  return state.withAll(
    'Pod',
    state.list('Pod').filter(pod => pod.namespace !== namespace)
  )
}

/** Freezes a value deeply, so that a write throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

/** The only object of a YAML text. */
export function resourceOf(yaml: string): Resource {
  const [resource, ...others] = resourcesOf(yaml)
  if (resource === undefined || others.length > 0) throw new Error('not one object')
  return resource
}
