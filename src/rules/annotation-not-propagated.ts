import { isPropagated } from '../kserve/annotation-propagation.ts'
import { nameOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Labels } from '../text/selector.ts'
import { defineCheck } from './lib/rule.ts'

/** Annotations of pods and revisions that Istio and Knative read. KServe reads its own on the InferenceService. */
const OF_PODS = /(^|\.)(istio\.io|knative\.dev)\//
/** KServe writes these annotations itself, from fields of the component. */
const FIELDS: Readonly<Record<string, string>> = {
  'autoscaling.knative.dev/min-scale': 'minReplicas',
  'autoscaling.knative.dev/max-scale': 'maxReplicas'
}

export default defineCheck({
  id: 'annotation-not-propagated',
  category: 'ineffective',
  mode: 'warn',
  summary: "An annotation is on KServe's disallowed list, so pods do not get it",
  symptom: '`kubectl get pod -o yaml` does not show an annotation that the InferenceService has',
  on: ['InferenceService'],
  reads: ['ConfigMap'],
  *check(service, view) {
    const { annotations, spec } = service
    yield* problems(view, nameOf(service), 'metadata', annotations)
    for (const name of ['predictor', 'transformer', 'explainer'] as const) {
      yield* problems(view, nameOf(service), `spec.${name}`, spec[name]?.annotations ?? {})
    }
  }
})

function* problems(view: View<'ConfigMap'>, name: string, place: string, annotations: Labels) {
  for (const key of Object.keys(annotations).filter(one => OF_PODS.test(one) && !isPropagated(view, one))) {
    const instead = FIELDS[key]
    yield {
      field: `${place}.annotations[${key}]`,
      message: `${name}: pods do not get ${key}, which is on KServe's disallowed list`,
      fix: {
        text:
          instead === undefined
            ? `Remove the annotation, or remove ${key} from serviceAnnotationDisallowedList of KServe's ConfigMap`
            : `Set ${instead} of the component instead`
      }
    }
  }
}
