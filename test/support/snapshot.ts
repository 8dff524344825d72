import { join } from 'node:path'
import { readFiles } from '../../src/sources/files.ts'
import { readManifests } from '../../src/sources/yaml.ts'
import type { Resource } from '../../src/state/resource.ts'
import { type Settings, Snapshot } from '../../src/state/snapshot.ts'

/** The objects of a YAML text. Fails on what could not be read. */
export function resourcesOf(yaml: string): readonly Resource[] {
  const { manifests, errors } = readManifests(yaml, 'test')
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return manifests.map(({ resource, ref }) => {
    if (resource === undefined) throw new Error(`not a kind on the path: ${ref.kind}`)
    return deepFreeze(resource)
  })
}

/** A state that holds the objects of a YAML text, and nothing else. */
export function stateOf(yaml: string, settings?: Settings): Snapshot {
  return Snapshot.of(resourcesOf(yaml), settings)
}

const stock = readFiles([join(import.meta.dirname, '../../examples/cluster')]).flatMap(({ resource }) => resource ?? [])

/** A stock installation of Istio, Knative and KServe with two models, and these objects in it or in their place. */
export function stockWith(yaml = ''): Snapshot {
  return Snapshot.of([...stock.map(deepFreeze), ...resourcesOf(yaml)])
}

/** Whoever writes to what is read fails at once. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

/** The one object of a YAML text. */
export function resourceOf(yaml: string): Resource {
  const [resource, ...others] = resourcesOf(yaml)
  if (resource === undefined || others.length > 0) throw new Error('not one object')
  return resource
}
