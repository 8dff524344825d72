import type { InferenceService } from './inference-service.ts'

/** Label and annotation groups that say what a model is, what it serves and where it is published. All others are settings of its own. */
const KEPT = ['serving.kserve.io/', 'networking.kserve.io/', 'networking.knative.dev/', 'security.opendatahub.io/']

/**
 * The same model without mesh-relevant labels and annotations, scaling settings and host network of its own. If the twin
 * is blocked as well, no setting of the model is the cause.
 */
export function plainTwin(service: InferenceService): InferenceService {
  const { predictor, transformer, explainer, canary } = service.spec
  return {
    ...service,
    labels: kept(service.labels),
    annotations: kept(service.annotations),
    spec: {
      predictor: plain(predictor),
      transformer: plain(transformer),
      explainer: plain(explainer),
      canary: canary.map(one => ({ ...one, predictor: plain(one.predictor) }))
    }
  }
}

/**
 * The twin with the model's own replica bounds, for values that the author did not ask for: without the activator, a model
 * that scales to zero cannot be reached, which is not its fault.
 */
export function plainTwinWithReplicas(service: InferenceService): InferenceService {
  const twin = plainTwin(service)
  const { predictor, transformer, explainer } = service.spec
  return {
    ...twin,
    spec: {
      ...twin.spec,
      predictor: withReplicas(twin.spec.predictor, predictor),
      transformer: withReplicas(twin.spec.transformer, transformer),
      explainer: withReplicas(twin.spec.explainer, explainer)
    }
  }
}

type Component = InferenceService['spec']['predictor']

function withReplicas(twin: Component, own: Component): Component {
  const { minReplicas, maxReplicas, scaleTarget, scaleMetric, containerConcurrency } = own ?? {}
  return twin && { ...twin, minReplicas, maxReplicas, scaleTarget, scaleMetric, containerConcurrency }
}

function plain<C extends InferenceService['spec']['predictor']>(component: C): C {
  if (component === undefined) return component
  return {
    ...component,
    labels: kept(component.labels),
    annotations: kept(component.annotations),
    minReplicas: undefined,
    maxReplicas: undefined,
    scaleTarget: undefined,
    scaleMetric: undefined,
    containerConcurrency: undefined,
    hostNetwork: undefined
  }
}

function kept(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => KEPT.some(group => key.startsWith(group))))
}
