import type { Labels } from '../text/selector.ts'

/** API groups whose labels and annotations Istio, Knative, KServe or this webhook reads. */
const GROUPS = /(^|\.)(istio\.io|knative\.dev|kserve\.io|mesh-guard\.io)\//
/** The value of this label differs for each model. */
const INFERENCE_SERVICE_LABEL = 'serving.kserve.io/inferenceservice'

/** Labels or annotations that can influence paths, as sorted `key=value`. */
export function relevantKeys(values: Labels): readonly string[] {
  return Object.entries(values)
    .filter(([key]) => GROUPS.test(key) && key !== INFERENCE_SERVICE_LABEL)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
}
