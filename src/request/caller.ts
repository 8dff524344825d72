import type { InjectionKinds } from '../istio/injection.ts'
import type { Call } from '../istio/request.ts'
import type { ComponentKinds } from '../kserve/inference-service.ts'
import type { Workload } from '../state/workload.ts'
import type { CallKinds } from './call-result.ts'

/** Kinds that decide who calls a model, and by which path. */
export type PathKinds = CallKinds | InjectionKinds | ComponentKinds | 'InferenceGraph'

/** Namespaces of callers that nothing on the path tells apart, at least one. */
export type CallerNamespaces = readonly [string, ...string[]]

/**
 * Kind of caller: external by the public host, pod with a sidecar, or pod without one; probes of kubelet and Knative; API
 * server and controllers.
 */
export type CallerClass = 'external' | 'in-mesh' | 'non-mesh' | 'probe' | 'system'

/** Class of callers with equal paths. */
export interface Caller {
  readonly caller: CallerClass
  /** Namespaces of the class; the path of the first is evaluated. Absent: any namespace without configuration. */
  readonly from: CallerNamespaces | undefined
}

/** Origin of requests, with the pods that can send them. One pod that reaches the model is enough. */
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
