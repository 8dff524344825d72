import type { ResourceOf } from '../state/resource.ts'
import type { Labels } from '../text/selector.ts'

/** Annotations for the target of the autoscaler: requests in flight, or requests per second if the metric is `rps`. */
export const SCALE_TARGET = 'autoscaling.knative.dev/target'
export const SCALE_METRIC = 'autoscaling.knative.dev/metric'

type ScalingFields = NonNullable<ResourceOf<'InferenceService'>['spec']['predictor']>

/**
 * Annotations of a revision that KServe derives from the fields of a component.
 * @see kserve 0.20 pkg/controller/v1alpha1/utils/utils.go (SetAutoScalingAnnotations)
 */
export function scalingAnnotations({ scaleTarget, scaleMetric }: ScalingFields): Labels {
  return {
    ...(scaleTarget === undefined ? {} : { [SCALE_TARGET]: String(scaleTarget) }),
    ...(scaleMetric === undefined ? {} : { [SCALE_METRIC]: scaleMetric })
  }
}
