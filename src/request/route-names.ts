import { httpRoutesOf } from '../istio/virtual-service.ts'
import type { View } from '../state/snapshot.ts'
import { toFullName } from '../text/host.ts'
import type { PathKinds } from './caller.ts'

/** What the VirtualServices for some hosts name. */
export interface RouteNames {
  /** Namespaces whose sidecars can have other routes than those of any namespace. */
  readonly namespaces: ReadonlySet<string>
  /** Hosts of the destinations. */
  readonly hosts: readonly string[]
}

export function routeNames(view: View<PathKinds>, hosts: readonly string[]): RouteNames {
  const { clusterDomain } = view.settings
  const virtualServices = [...new Set(hosts.flatMap(host => view.virtualServicesFor(host)))]
  const routes = virtualServices.flatMap(one =>
    httpRoutesOf(view, one).map(route => ({ ...route, own: one.namespace }))
  )
  return {
    namespaces: new Set([
      ...virtualServices.flatMap(({ namespace, spec }) => [namespace, ...(spec.exportTo ?? [])]),
      ...routes.flatMap(({ match = [] }) => match.flatMap(({ sourceNamespace }) => sourceNamespace ?? []))
    ]),
    hosts: routes.flatMap(({ route = [], own }) =>
      route.map(({ destination }) => toFullName(destination.host, own, clusterDomain))
    )
  }
}
