import { type Component, componentsOf, type InferenceService } from '../../kserve/inference-service.ts'
import { podsToEvaluate } from '../../request/model-templates.ts'
import type { View } from '../../state/snapshot.ts'
import type { Workload } from '../../state/workload.ts'

/** Representative pod of a component. */
export interface ModelPod {
  /** `namespace/name` of the InferenceService. */
  readonly model: string
  readonly service: InferenceService
  readonly component: Component
  readonly pod: Workload
}

/** Kinds that determine the components of a model. */
const COMPONENT_KINDS = ['ConfigMap', 'ServingRuntime', 'ClusterServingRuntime', 'Service'] as const
/** Kinds that determine whether its pods are injected. */
export const INJECTION_KINDS = ['MutatingWebhookConfiguration', 'Namespace', ...COMPONENT_KINDS] as const
/** Kinds that determine its pods. */
export const POD_KINDS = ['Pod', ...INJECTION_KINDS] as const
/** Kinds that determine what becomes of a connection to its pods. */
export const CONNECTION_KINDS = [
  'AuthorizationPolicy',
  'RequestAuthentication',
  'PeerAuthentication',
  'DestinationRule',
  'Sidecar',
  'NetworkPolicy',
  ...POD_KINDS
] as const
/** Kinds that determine the paths to a model by gateways of Istio. */
export const GATEWAY_PATH_KINDS = [
  'ServiceEntry',
  'VirtualService',
  'Gateway',
  'HTTPRoute',
  'InferenceGraph',
  ...CONNECTION_KINDS
] as const
/** Kinds that determine the pods of all models. */
export const MODEL_KINDS = ['InferenceService', ...POD_KINDS] as const

/** Pods of the models of a namespace, or of all namespaces: running pods, or those that would be created. */
export function modelPods(view: View<(typeof MODEL_KINDS)[number]>, namespace?: string): readonly ModelPod[] {
  return view.list('InferenceService', namespace).flatMap(service =>
    componentsOf(view, service).flatMap(component =>
      podsToEvaluate(view, service, component, 'current').map(pod => ({
        model: `${service.namespace}/${service.name}`,
        service,
        component,
        pod
      }))
    )
  )
}

/** Distinct models of these pods. */
export function modelsOf(pods: readonly ModelPod[]): readonly string[] {
  return [...new Set(pods.map(({ model }) => model))]
}
