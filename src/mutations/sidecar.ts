import { INJECT } from '../model/injection.ts'
import { requiresMesh } from './mesh-policy.ts'
import type { Mutation } from './mutation.ts'

/**
 * Label and annotation that ask for a sidecar. The label works; the annotation is for readers that know nothing else.
 * Both are written out where the namespace injects anyway: so they hold when the namespace's label goes.
 */
export const sidecar: Mutation = (view, service) => {
  if (!requiresMesh(view, service)) return []
  return (['labels', 'annotations'] as const).map(map => ({ map, key: INJECT, value: 'true', optional: false }))
}
