import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import { LAST_APPLIED, type ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseGoObject } from '../text/go-json.ts'
import { findKserveConfig } from './kserve.ts'

const NOT_PROPAGATED = [
  'autoscaling.knative.dev/min-scale',
  'autoscaling.knative.dev/max-scale',
  'internal.serving.kserve.io/storage-initializer-sourceuri',
  LAST_APPLIED,
  'modelFormat'
]

const readDisallowed = memoize(({ data }: ResourceOf<'ConfigMap'>): readonly string[] => {
  // Without this key KServe filters no annotation, not even those of its built-in list.
  if (data['inferenceService'] === undefined) return []
  const schema = z.object({ serviceannotationdisallowedlist: z.array(z.string()).nullish() })
  const { data: read } = schema.safeParse(parseGoObject(data['inferenceService']))
  return [...NOT_PROPAGATED, ...(read?.serviceannotationdisallowedlist ?? [])]
})

/**
 * True if KServe propagates an annotation to the objects that it creates.
 * @see kserve 0.20 pkg/apis/serving/v1beta1/configmap.go (NewInferenceServicesConfig)
 */
export function isPropagated(view: View<'ConfigMap'>, annotation: string): boolean {
  const map = findKserveConfig(view)
  return !(map === undefined ? NOT_PROPAGATED : readDisallowed(map)).includes(annotation)
}
