import type { Call } from '../istio/request.ts'
import type { ServiceEntry } from '../istio/service-entry.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import { nameOf, type ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { specDigest } from './call-inputs.ts'
import type { Failure } from './failure.ts'
import type { HopName } from './hop.ts'
import type { Branch } from './request-path.ts'
import type { RoutedElsewhere } from './route-failure.ts'
import { noEndpoints, toServiceRef } from './service-resolution.ts'

/** Request at a proxy that has routed it. */
export interface Step {
  readonly at: readonly Workload[]
  /** `gateway` once the request has passed one. */
  readonly from: 'caller' | 'gateway'
  /** Number of hops so far. */
  readonly depth: number
}

/** Names of hops to gateways. */
export const GATEWAY_HOP = { caller: 'caller->local-gateway', gateway: 'ingress-gateway->local-gateway' } as const

/** The request ends at this hop. */
export function failed(name: HopName, failure: Failure): Branch {
  return { activatorMode: undefined, hops: [{ name, calls: [], failure }], shared: 1 }
}

/** A VirtualService does not send the request to the model. */
export function elsewhere(
  { from }: Step,
  virtualService: VirtualService,
  host: string,
  how: RoutedElsewhere['how'],
  to?: string
): Branch {
  const name = how === 'destination' || how === 'subset' ? (`${from}->pod` as const) : ROUTED[from]
  return failed(name, { cause: 'routed-elsewhere', virtualService, host, how, to })
}

const ROUTED = { caller: 'caller->local-gateway', gateway: 'local-gateway->component' } as const

/** A route to a host outside of the cluster leads away from the model; a Service without endpoints is another fault. */
export function withoutEndpoints(
  view: View,
  step: Step,
  name: HopName,
  host: string,
  call: Call,
  by: VirtualService | undefined
): Branch {
  const isExternal = !host.endsWith(`.svc.${view.settings.clusterDomain}`)
  return isExternal && by !== undefined
    ? elsewhere(step, by, call.host, 'destination', host)
    : failed(name, noEndpoints(toServiceRef(host)))
}

/** A ServiceEntry has the host of a Service, or an HTTPRoute has the Service as its parent. */
export function notKnown(name: HopName, object: ServiceEntry | ResourceOf<'HTTPRoute'>): Branch {
  const reason =
    object.kind === 'ServiceEntry'
      ? `${nameOf(object)} has a host of the model; which Service proxies use is not modeled`
      : `${nameOf(object)} is for requests to a Service; its routes in sidecars are not modeled`
  const unknown = { reason, inputs: specDigest(object) }
  return { activatorMode: undefined, hops: [{ name, calls: [], failure: undefined, unknown }], shared: 1 }
}
