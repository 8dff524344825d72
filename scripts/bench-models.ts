import type { Manifest } from '../src/rules/lib/rule.ts'
import { readResource } from '../src/sources/manifest.ts'
import type { Resource } from '../src/state/resource.ts'
import { makeObjects } from './bench-cluster.ts'

/** Objects of `makeObjects` as resources of the model. */
export function makeCluster(models: number): readonly Resource[] {
  return makeObjects(models).flatMap(object => readResource(object) ?? [])
}

/** The objects without the pods, Services and VirtualServices of the InferenceServices. */
export function makeModels(models: number): readonly object[] {
  return (makeObjects(models) as readonly Manifest[]).filter(
    ({ kind, metadata: { namespace = '' } }) => kind === 'InferenceService' || !namespace.startsWith('team-')
  )
}
