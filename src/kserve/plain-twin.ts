import type { InferenceService } from './inference-service.ts'

/** Label and annotation groups that say what a model is, what it serves and where it is published. All others are settings of its own. */
const KEPT = ['serving.kserve.io/', 'networking.kserve.io/', 'networking.knative.dev/', 'security.opendatahub.io/']

/**
 * The same model without mesh-relevant labels and annotations, scaling settings and host network of its own. If the twin
 * is blocked as well, no setting of the model is the cause.
 */
export function plainTwin(service: InferenceService): InferenceService {
  const { predictor, transformer, explainer } = service.spec
  return {
    ...service,
    labels: kept(service.labels),
    annotations: kept(service.annotations),
    spec: { predictor: plain(predictor), transformer: plain(transformer), explainer: plain(explainer) }
  }
}

type Component = InferenceService['spec']['predictor']

function plain(component: Component): Component {
  if (component === undefined) return undefined
  return {
    ...component,
    labels: kept(component.labels),
    annotations: kept(component.annotations),
    minReplicas: undefined,
    maxReplicas: undefined,
    hostNetwork: undefined
  }
}

function kept(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => KEPT.some(group => key.startsWith(group))))
}
