import type { InjectionKinds } from '../istio/injection.ts'
import type { Call } from '../istio/request.ts'
import type { ComponentKinds } from '../kserve/inference-service.ts'
import type { Workload } from '../state/workload.ts'
import type { CallKinds } from './call-result.ts'

/** Kinds that request paths depend on. */
export type PathKinds =
  | CallKinds
  | InjectionKinds
  | ComponentKinds
  | 'InferenceGraph'
  | 'KubernetesGateway'
  | 'GatewayClass'
  | 'HTTPRoute'
  | 'ReferenceGrant'
  | 'Ingress'
  | 'IngressClass'

/** Namespaces of callers with equal paths, at least one. */
export type CallerNamespaces = readonly [string, ...string[]]

/**
 * `external`: by the public host. `in-mesh`, `non-mesh`: pod with or without a sidecar. `probe`: kubelet and Knative
 * probes. `system`: API server and controllers.
 */
export type CallerClass = 'external' | 'in-mesh' | 'non-mesh' | 'probe' | 'system'

/** Class of callers with equal paths. */
export interface Caller {
  readonly caller: CallerClass
  /** Namespaces of the class; the path of the first is evaluated. Absent: any namespace without configuration. */
  readonly from: CallerNamespaces | undefined
}

/** Source of requests, with the pods that can send them. One pod that reaches the model is enough. */
export interface TrafficSource {
  readonly caller: Caller
  /** Name of the source, if it is not distinguished by the address that it calls. */
  readonly entry?: string
  readonly pods: readonly [Workload, ...Workload[]]
  readonly expected?: boolean
}

/** Request between two hops: the pods that send it, and its content. */
export interface InFlightRequest {
  readonly at: readonly Workload[]
  readonly call: Call
}
