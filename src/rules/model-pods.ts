import { type Component, componentsOf, type InferenceService } from '../model/inference-service.ts'
import { podsToJudge } from '../model/path.ts'
import type { View } from '../model/snapshot.ts'
import type { Workload } from '../model/workload.ts'

/** A pod that stands for those of a component. */
export interface ModelPod {
  /** `namespace/name` of the InferenceService. */
  readonly model: string
  readonly service: InferenceService
  readonly component: Component
  readonly pod: Workload
}

/** What has to be read to know the components of a model, */
const COMPONENT_KINDS = ['ConfigMap', 'ServingRuntime', 'ClusterServingRuntime'] as const
/** whether its pods will be injected, */
export const INJECTION_KINDS = ['MutatingWebhookConfiguration', 'Namespace', ...COMPONENT_KINDS] as const
/** its pods, */
export const POD_KINDS = ['Pod', ...INJECTION_KINDS] as const
/** and the pods of all models. */
export const MODEL_KINDS = ['InferenceService', ...POD_KINDS] as const

/** The pods of the models in a namespace, or in all: those that run, else those that will be made. */
export function modelPods(view: View<(typeof MODEL_KINDS)[number]>, namespace?: string): readonly ModelPod[] {
  return view.list('InferenceService', namespace).flatMap(service =>
    componentsOf(view, service)
      .filter(({ mode }) => mode !== 'ModelMesh')
      .flatMap(component =>
        podsToJudge(view, service, component, 'running').map(pod => ({
          model: `${service.namespace}/${service.name}`,
          service,
          component,
          pod
        }))
      )
  )
}

/** Each model once. */
export function modelsOf(pods: readonly ModelPod[]): readonly string[] {
  return [...new Set(pods.map(({ model }) => model))]
}
