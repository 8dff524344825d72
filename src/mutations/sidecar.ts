import { INJECT } from '../istio/injection.ts'
import { requiresMesh } from './mesh-policy.ts'
import type { Mutation } from './mutation.ts'

/**
 * Label and annotation that request a sidecar. The label takes effect; the annotation is for tools that read only it.
 * Both are set even if the namespace injects, so that the pods keep their sidecar when its label is removed.
 */
export const sidecar: Mutation = (view, service) => {
  if (!requiresMesh(view, service)) return []
  return (['labels', 'annotations'] as const).map(map => ({ map, key: INJECT, value: 'true', optional: false }))
}
