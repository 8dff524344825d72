import type { Destination } from '../istio/client.ts'
import type { Call } from '../istio/request.ts'
import type { Registry } from '../istio/sidecar-route.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { ActivatorMode } from './activator.ts'
import type { RouteAtGateway } from './call-result.ts'
import type { PathKinds } from './caller.ts'
import type { Branch } from './request-path.ts'

/** Pods of one revision, and the ways to them. */
export interface Revision {
  readonly destination: Destination
  readonly modes: readonly ActivatorMode[]
  /** True: another revision has pods. Without pods, a revision that is the only one is represented by its next pods. */
  readonly isScaledToZero: boolean
  /** Set if another revision is the latest one. */
  readonly revision?: 'previous'
}

/** What the requests to a component on Knative meet. */
export interface World extends Registry {
  readonly view: View<PathKinds>
  readonly routeAtGateway: RouteAtGateway
  /** Revision of a cluster host. */
  readonly findRevision: (host: string) => Revision | undefined
  /** Destination of the model's own Service in Standard mode, with its next pods if it has none. */
  readonly ownDestination?: Destination
  /** True for the Services of gateways that the configuration names, whether they exist or not. */
  readonly isGatewayHost: (host: string) => boolean
  /** Branches behind gateways that are known, by the gateway's pods, request and destination. */
  readonly known: Map<readonly Workload[], Map<Call, Map<string, readonly Branch[]>>>
  readonly isOwnPod: (pod: Workload) => boolean
}
